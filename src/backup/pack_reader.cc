#include <algorithm>
#include <variant>

#include "audit/base64.h"
#include "backup/manifest.h"
#include "backup/pack.h"
#include "backup/pack_names.h"
#include "backup/signed_lines.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::int64_t kVectorSizeMax = 65'536;
constexpr std::int64_t kFactsMax = std::int64_t{1} << 20;

Error broken(std::string_view why) {
  return Error{ErrorCode::corrupt, "this is not a pack that can be taken: " + std::string(why)};
}

// NAME SHA256 SIZE, as it stands in the manifest.
Result<std::string> entry_line(const ReadBytes& read, const TarReader::Entry& entry) {
  store::DigestWriter digest;
  for (std::int64_t at = 0; at < entry.size;) {
    const auto size = static_cast<std::size_t>(
        std::min<std::int64_t>(static_cast<std::int64_t>(kPiece), entry.size - at));
    WY_TRY(const std::string bytes, read(entry.offset + at, size));
    if (bytes.size() != size) return broken("it is cut off");
    digest.add(bytes);
    at += static_cast<std::int64_t>(size);
  }
  std::string line = entry.name;
  line += ' ';
  line += to_hex(digest.finish());
  line += ' ';
  line += std::to_string(entry.size);
  return line;
}

Result<std::string> base64_of(SignedLines& lines, std::string_view name) {
  WY_TRY(const std::string encoded, lines.text(name));
  auto bytes = from_base64(encoded);
  if (!bytes) return broken(std::string(name) + " is no base64");
  return *std::move(bytes);
}

Result<PackHead> read_head(SignedLines& lines) {
  PackHead head;
  WY_TRY(head.origin, lines.text("origin"));
  WY_TRY(const std::string time, lines.text("time"));
  const auto created_at = parse_rfc3339(time);
  if (!created_at) return broken("its time");
  head.created_at = *created_at;
  WY_TRY(head.name, base64_of(lines, "name"));
  WY_TRY(head.model.name, base64_of(lines, "model"));
  if (!is_utf8(head.name) || !is_utf8(head.model.name)) return broken("its names");
  WY_TRY(head.model.vector_size, lines.number("vector_size", 0, kVectorSizeMax));
  WY_TRY(head.model.sha256, lines.text("model_sha256"));
  WY_TRY(head.document_count, lines.number("documents", 0, INT64_MAX));
  WY_TRY(head.key, base64_of(lines, "key"));
  return head;
}

// One fact; nothing when it is not there or of another kind.
template <class T>
bool take(Attributes& facts, std::string_view name, T& value) {
  const auto found = facts.find(name);
  if (found == facts.end()) return false;
  T* const held = std::get_if<T>(&found->second);
  if (held == nullptr) return false;
  value = std::move(*held);
  facts.erase(found);
  return true;
}

// One time a version, an empty text for none; packs from before there were such times have none.
Result<std::vector<std::optional<UnixMillis>>> take_times(Attributes& facts, std::string_view name,
                                                          std::size_t count) {
  std::vector<std::string> texts(count);
  if (facts.contains(name) && (!take(facts, name, texts) || texts.size() != count)) {
    return broken(name);
  }
  std::vector<std::optional<UnixMillis>> times;
  for (const std::string& text : texts) {
    times.push_back(parse_rfc3339(text));
    if (!text.empty() && !times.back()) return broken(name);
  }
  return times;
}

}  // namespace

Result<PackReader> PackReader::open(ReadBytes read, std::int64_t size, const PackLimits& limits) {
  PackReader reader(std::move(read), limits);
  WY_RETURN_IF_ERROR(reader.scan(size));
  return reader;
}

Status PackReader::scan(std::int64_t size) {
  TarReader tar(read_, size);
  std::vector<std::string> entries;
  std::string manifest;
  for (;;) {
    WY_TRY(const auto entry, tar.next());
    if (!entry) break;
    if (!manifest.empty()) return broken("something follows the manifest");
    if (entry->name == pack::kManifest) {
      if (entry->size > static_cast<std::int64_t>(kLinesSizeMax)) {
        return Error{ErrorCode::too_large, "the pack's manifest is over 64 MiB"};
      }
      WY_TRY(manifest, read_(entry->offset, static_cast<std::size_t>(entry->size)));
      continue;
    }
    const bool original = entry->name.find("/original-") != std::string::npos;
    const std::int64_t size_max = original ? limits_.original_max : limits_.part_max;
    if (entry->size > size_max) {
      return Error{ErrorCode::too_large, entry->name + " in the pack has more than " +
                                             std::to_string(size_max) + " bytes"};
    }
    WY_TRY(std::string line, entry_line(read_, *entry));
    entries.push_back(std::move(line));
    if (!files_.emplace(entry->name, File{entry->offset, entry->size}).second) {
      return broken(entry->name + " is there twice");
    }
  }
  return check_manifest(manifest, entries);
}

Status PackReader::check_manifest(const std::string& text,
                                  const std::vector<std::string>& entries) {
  if (text.empty()) return broken("it has no manifest: it was cut off, or is something else");
  WY_TRY(SignedLines lines, SignedLines::parse(text, pack::kTitle));
  WY_TRY(head_, read_head(lines));
  const auto key = audit::VerifyingKey::from_raw(head_.key);
  if (!key) return broken("its key");
  WY_RETURN_IF_ERROR(SignedLines::open(text, pack::kTitle, *key));
  if (lines.texts("file") != entries) return broken("its files are not those of its manifest");
  WY_RETURN_IF_ERROR(lines.end());
  if (head_.document_count > limits_.document_max) {
    return Error{ErrorCode::too_large,
                 "the pack has more than " + std::to_string(limits_.document_max) + " documents"};
  }
  return Done{};
}

Result<std::string> PackReader::file(const std::string& name, bool must_be) const {
  const auto found = files_.find(name);
  if (found == files_.end()) {
    if (must_be) return broken(name + " is missing");
    return std::string();
  }
  const auto size = static_cast<std::size_t>(found->second.size);
  WY_TRY(std::string bytes, read_(found->second.offset, size));
  if (bytes.size() != size) return broken("it is cut off");
  return bytes;
}

Result<PackDocument> PackReader::document(std::int64_t number) const {
  const std::string folder = pack::folder(number);
  const auto described = files_.find(folder + "document.json");
  if (described != files_.end() && described->second.size > kFactsMax) {
    return broken("document.json is over 1 MiB");
  }
  WY_TRY(const std::string json, file(folder + "document.json", true));
  WY_TRY(Attributes facts, decode_attributes(json));
  PackDocument document;
  std::vector<std::string> types;
  const bool whole =
      take(facts, "title", document.title) && take(facts, "file_name", document.file_name) &&
      take(facts, "external_id", document.external_id) &&
      take(facts, "page_count", document.page_count) && take(facts, "media_types", types);
  WY_TRY(const auto from, take_times(facts, "effective_from", types.size()));
  WY_TRY(const auto until, take_times(facts, "effective_until", types.size()));
  if (!whole || !facts.empty() || document.page_count < 0 || types.empty() ||
      static_cast<std::int64_t>(types.size()) > limits_.version_max) {
    return broken(folder + "document.json");
  }
  for (std::size_t version = 0; version < types.size(); ++version) {
    const auto original = files_.find(pack::original(number, version));
    if (original == files_.end()) return broken("an original is missing");
    document.versions.push_back(
        {types[version], original->second.size, from[version], until[version]});
  }
  WY_TRY(const std::string attributes, file(folder + "attributes.json", true));
  WY_TRY(document.attributes, decode_attributes(attributes));
  WY_TRY(document.text, file(folder + "text.txt", false));
  if (!is_utf8(document.text)) return broken("a text is not UTF-8");
  WY_TRY(const std::string layout, file(folder + "layout.bin", false));
  if (!layout.empty()) {
    WY_TRY(document.layout, decode_layout(layout));
  }
  WY_TRY(const std::string chunks, file(folder + "chunks.bin", false));
  WY_TRY(document.chunks, decode_pack_chunks(chunks, document.text, head_.model.vector_size));
  return document;
}

Result<std::string> PackReader::original(std::int64_t number, std::size_t version) const {
  return file(pack::original(number, version), true);
}

}  // namespace wenyuan::backup
