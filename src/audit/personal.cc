#include "audit/personal.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kBound = "wenyuan audit part 1";
constexpr std::string_view kWrapBound = "wenyuan audit subject key 1";
constexpr std::size_t kPartsMax = 16;
constexpr std::string_view kCutOff = " […]";

std::string fields_text(const PersonalFields& fields) {
  ByteWriter writer;
  for (const auto& [name, text] : fields) {
    writer.put(std::string_view(name));
    writer.put(std::string_view(text));
  }
  return writer.take();
}

// Valid UTF-8 that is not longer than kPersonalSizeMax by more than the mark.
std::string bounded(std::string_view text) {
  std::string valid = to_valid_utf8(text);
  if (valid.size() <= kPersonalSizeMax) return valid;
  std::size_t end = kPersonalSizeMax;
  while (end > 0 && (static_cast<unsigned char>(valid[end]) & 0xC0U) == 0x80U) --end;
  valid.resize(end);
  valid += kCutOff;
  return valid;
}

// Keys of those who are nobody yet go by the month, so that they can be destroyed by the month.
std::string nobody(UnixMillis now) { return "month:" + rfc3339(now).substr(0, 7); }

// One entry for each set of subjects, with the address in the actor's.
std::vector<Personal> gather(const Event& event, UnixMillis now) {
  const std::string actor = event.actor_id.empty() ? nobody(now) : event.actor_id;
  std::vector<Personal> gathered;
  const auto add = [&](std::vector<std::string> subjects, const std::string& name,
                       std::string_view text) {
    if (subjects.empty()) subjects.push_back(actor);
    std::sort(subjects.begin(), subjects.end());
    subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
    auto found = std::find_if(gathered.begin(), gathered.end(),
                              [&](const Personal& each) { return each.subjects == subjects; });
    if (found == gathered.end()) found = gathered.insert(found, Personal{std::move(subjects), {}});
    found->fields[name] = bounded(text);
  };
  if (!event.address.empty()) add({}, "address", event.address);
  for (const Personal& each : event.personal) {
    for (const auto& [name, text] : each.fields) add(each.subjects, name, text);
  }
  return gathered;
}

std::string part_info(std::int64_t number, std::size_t part) {
  ByteWriter writer;
  writer.put(kBound);
  writer.put(number);
  writer.put(static_cast<std::uint32_t>(part));
  return writer.take();
}

}  // namespace

struct Vault::SubjectKey {
  enum class State { absent, erased, present } state = State::absent;
  std::string key{};
};

std::string encode_sealed(const std::vector<SealedPart>& parts) {
  if (parts.empty()) return {};
  ByteWriter writer;
  writer.put(static_cast<std::uint8_t>(parts.size()));
  for (const SealedPart& part : parts) {
    writer.put(static_cast<std::uint8_t>(part.subjects.size()));
    for (const std::string& subject : part.subjects) writer.put(std::string_view(subject));
    writer.put(std::string_view(part.box));
  }
  return writer.take();
}

Result<std::vector<SealedPart>> decode_sealed(std::string_view bytes) {
  std::vector<SealedPart> parts;
  if (bytes.empty()) return parts;
  const Error wrong{ErrorCode::corrupt, "the sealed part of an audit record is broken"};
  ByteReader reader(bytes);
  const auto count = reader.number<std::uint8_t>();
  if (!count || *count == 0 || *count > kPartsMax) return wrong;
  for (unsigned each = 0; each < *count; ++each) {
    SealedPart part;
    const auto subjects = reader.number<std::uint8_t>();
    if (!subjects || *subjects == 0 || *subjects > kSubjectsMax) return wrong;
    for (unsigned at = 0; at < *subjects; ++at) {
      part.subjects.emplace_back(reader.text().value_or(""));
    }
    part.box = reader.text().value_or("");
    parts.push_back(std::move(part));
  }
  if (!reader.at_end()) return wrong;
  return parts;
}

std::optional<PersonalFields> open_part(const PartKey& key, std::string_view box) {
  const auto plain = unseal(key, box, kBound);
  if (!plain) return std::nullopt;
  ByteReader reader(*plain);
  PersonalFields fields;
  while (!reader.at_end()) {
    const auto name = reader.text();
    const auto text = reader.text();
    if (!name || !text) return std::nullopt;
    fields[std::string(*name)] = *text;
  }
  return fields;
}

Result<std::unique_ptr<Vault>> Vault::open(const store::KeyRing& keys) {
  WY_TRY(const CipherKey master, keys.purpose_key("audit subjects"));
  return std::make_unique<Vault>(master);
}

Result<Vault::SubjectKey> Vault::find_key(store::Snapshot& snapshot,
                                          const std::string& subject) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT wrapped FROM audit_subjects WHERE subject_id = ?"));
  WY_TRY(const bool found, statement.bind(1, subject).step());
  if (!found) return SubjectKey{};
  if (statement.is_null(0)) return SubjectKey{SubjectKey::State::erased};
  const auto wrapped = statement.blob(0);
  const std::string_view box(reinterpret_cast<const char*>(wrapped.data()), wrapped.size());
  auto key = unseal(master_, box, std::string(kWrapBound) + subject);
  if (!key || key->size() != sizeof(CipherKey)) {
    return Error{ErrorCode::corrupt,
                 "the audit key of " + subject + " does not open: it was changed on disk"};
  }
  return SubjectKey{SubjectKey::State::present, *std::move(key)};
}

Result<Vault::SubjectKey> Vault::key_of(store::Transaction& tx, const std::string& subject,
                                        UnixMillis now) const {
  WY_TRY(SubjectKey known, find_key(tx, subject));
  if (known.state != SubjectKey::State::absent) return known;
  CipherKey fresh{};
  random_bytes(fresh);
  known = {SubjectKey::State::present,
           std::string(reinterpret_cast<const char*>(fresh.data()), fresh.size())};
  const std::string wrapped = seal(master_, known.key, std::string(kWrapBound) + subject);
  WY_TRY(auto statement, tx.prepare("INSERT INTO audit_subjects (subject_id, wrapped, created_at) "
                                    "VALUES (?, ?, ?)"));
  WY_RETURN_IF_ERROR(
      statement.bind(1, subject)
          .bind_blob(2, {reinterpret_cast<const std::uint8_t*>(wrapped.data()), wrapped.size()})
          .bind(3, now)
          .run());
  return known;
}

// Nothing when a key of those whom it concerns is erased.
Result<std::optional<std::string>> Vault::seal_part(store::Transaction& tx,
                                                    const Personal& personal, std::string_view info,
                                                    UnixMillis now) const {
  std::string secret;
  for (const std::string& subject : personal.subjects) {
    WY_TRY(const SubjectKey key, key_of(tx, subject, now));
    if (key.state == SubjectKey::State::erased) return std::optional<std::string>();
    secret += key.key;
  }
  return std::optional(seal(derive_key(secret, info), fields_text(personal.fields), kBound));
}

Result<std::string> Vault::seal_event(store::Transaction& tx, const Event& event,
                                      std::int64_t number, UnixMillis now) const {
  std::vector<SealedPart> parts;
  for (Personal& each : gather(event, now)) {
    if (each.subjects.size() > kSubjectsMax || parts.size() == kPartsMax) {
      return Error{ErrorCode::invalid_argument, "an audit record concerns too many"};
    }
    WY_TRY(auto box, seal_part(tx, each, part_info(number, parts.size()), now));
    if (box) parts.push_back({std::move(each.subjects), *std::move(box)});
  }
  return encode_sealed(parts);
}

Result<Opened> Vault::open(store::Snapshot& snapshot, const Record& record) const {
  WY_TRY(const std::vector<SealedPart> parts, decode_sealed(record.sealed));
  Opened opened;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    std::string secret;
    bool erased = false;
    for (const std::string& subject : parts[at].subjects) {
      WY_TRY(const SubjectKey key, find_key(snapshot, subject));
      erased = erased || key.state != SubjectKey::State::present;
      secret += key.key;
    }
    opened.erased = opened.erased || erased;
    if (erased) continue;
    const PartKey key = derive_key(secret, part_info(record.number, at));
    auto fields = open_part(key, parts[at].box);
    if (!fields) {
      return Error{ErrorCode::corrupt, "the sealed part of audit record " +
                                           std::to_string(record.number) + " does not open"};
    }
    opened.parts.push_back({at, key, *std::move(fields)});
  }
  return opened;
}

Status erase_subject(store::Transaction& tx, const std::string& subject, UnixMillis now) {
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO audit_subjects (subject_id, wrapped, created_at, erase_asked_at) "
                    "VALUES (?1, NULL, ?2, ?2) ON CONFLICT (subject_id) DO UPDATE SET "
                    "erase_asked_at = ?2, wrapped = CASE WHEN EXISTS (SELECT 1 FROM audit_holds "
                    "WHERE released_at IS NULL AND subject_id IN ('', ?1)) "
                    "THEN wrapped END"));
  return statement.bind(1, subject).bind(2, now).run();
}

}  // namespace wenyuan::audit
