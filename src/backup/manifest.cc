#include "backup/manifest.h"

#include <algorithm>
#include <array>

#include "audit/base64.h"
#include "backup/signed_lines.h"
#include "base/id.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

constexpr const char* kTitle = "wenyuan backup manifest 1";
constexpr std::int64_t kNumberMax = std::int64_t{1} << 62;

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Error broken(std::string_view what) {
  return Error{ErrorCode::corrupt, "a backup's manifest has a broken " + std::string(what)};
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

Result<std::string> base64_line(SignedLines& lines, std::string_view name) {
  WY_TRY(const std::string encoded, lines.text(name));
  auto bytes = from_base64(encoded);
  if (!bytes) return broken(name);
  return *std::move(bytes);
}

Result<Manifest> read(SignedLines lines) {
  Manifest made;
  WY_TRY(made.store_id, lines.text("store"));
  WY_TRY(made.generation, lines.text("generation"));
  if (!is_generation(made.generation)) return broken("generation");
  WY_TRY(const std::string time, lines.text("time"));
  const auto created_at = parse_rfc3339(time);
  if (!created_at || rfc3339(*created_at) != time) return broken("time");
  made.created_at = *created_at;
  WY_TRY(made.commit, lines.number("commit", 0, kNumberMax));
  WY_TRY(made.base_size, lines.number("base_size", 1, kNumberMax));
  WY_TRY(made.base_sha256, lines.text("base_sha256"));
  WY_TRY(made.original_count, lines.number("originals", 0, kNumberMax));
  WY_TRY(made.originals_sha256, lines.text("originals_sha256"));
  if (!is_sha256(made.base_sha256) || !is_sha256(made.originals_sha256)) return broken("hash");
  WY_TRY(made.audit_size, lines.number("audit_size", 0, kNumberMax));
  WY_TRY(made.audit_root, lines.text("audit_root"));
  if (!audit::hash_from_base64(made.audit_root)) return broken("audit_root");
  WY_TRY(made.checkpoint, base64_line(lines, "checkpoint"));
  WY_TRY(made.index_model, base64_line(lines, "index_model"));
  made.apart = lines.texts("apart");
  if (!std::all_of(made.apart.begin(), made.apart.end(), is_file_name)) return broken("apart");
  WY_RETURN_IF_ERROR(lines.end());
  return made;
}

}  // namespace

std::string sign_manifest(const Manifest& manifest, const audit::SigningKey& key) {
  SignedLines lines(kTitle);
  lines.add("store", manifest.store_id);
  lines.add("generation", manifest.generation);
  lines.add("time", rfc3339(manifest.created_at));
  lines.add("commit", manifest.commit);
  lines.add("base_size", manifest.base_size);
  lines.add("base_sha256", manifest.base_sha256);
  lines.add("originals", manifest.original_count);
  lines.add("originals_sha256", manifest.originals_sha256);
  lines.add("audit_size", manifest.audit_size);
  lines.add("audit_root", manifest.audit_root);
  lines.add("checkpoint", audit::to_base64_text(manifest.checkpoint));
  lines.add("index_model", audit::to_base64_text(manifest.index_model));
  for (const std::string& name : manifest.apart) lines.add("apart", name);
  return lines.sign(key);
}

Result<Manifest> open_manifest(std::string_view text, const audit::VerifyingKey& key) {
  WY_TRY(SignedLines lines, SignedLines::open(text, kTitle, key));
  return read(std::move(lines));
}

Result<Manifest> parse_manifest(std::string_view text) {
  WY_TRY(SignedLines lines, SignedLines::parse(text, kTitle));
  return read(std::move(lines));
}

std::string new_generation(UnixMillis now) {
  std::string name;
  for (const char c : rfc3339(now)) {
    if (c != '-' && c != ':') name += c;
  }
  std::array<std::uint8_t, 4> random{};
  random_bytes(random);
  name += '-';
  name += to_hex(random);
  return name;
}

// 8 digits, T, 6 digits, a point, 3 digits, Z, a hyphen, 8 hex digits.
bool is_generation(std::string_view name) {
  constexpr std::string_view kForm = "ddddddddTdddddd.dddZ-hhhhhhhh";
  if (name.size() != kForm.size()) return false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char c = name[at];
    const bool digit = c >= '0' && c <= '9';
    const bool fits = kForm[at] == 'd'   ? digit
                      : kForm[at] == 'h' ? digit || (c >= 'a' && c <= 'f')
                                         : c == kForm[at];
    if (!fits) return false;
  }
  return true;
}

bool is_sha256(std::string_view hex) { return is_hex(hex, 64); }

std::string sha256_of(std::string_view bytes) {
  store::DigestWriter digest;
  digest.add(bytes);
  return to_hex(digest.finish());
}

}  // namespace wenyuan::backup
