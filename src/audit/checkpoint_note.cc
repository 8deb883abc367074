#include "audit/checkpoint_note.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "audit/base64.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kTimeHead = "time ";
constexpr std::string_view kSignatureHead = "\xE2\x80\x94 ";  // an em dash and a space
constexpr std::size_t kSignaturesMax = 16;

Error not_a_note(std::string_view why) {
  return Error{ErrorCode::invalid_argument, "this is not a checkpoint: " + std::string(why)};
}

bool is_name(std::string_view name) {
  return !name.empty() && is_utf8(name) && std::none_of(name.begin(), name.end(), [](char c) {
    return c == ' ' || c == '+' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

std::optional<std::int64_t> size_of(std::string_view text) {
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || size < 0 || std::to_string(size) != text) return std::nullopt;
  return size;
}

Result<Checkpoint> parse_text(std::string_view text) {
  const std::vector<std::string_view> lines = split(text, '\n');
  // The last is what follows the last line's end: nothing.
  if (lines.size() != 5 || !lines[4].empty()) return not_a_note("it has not four lines");
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  const auto size = size_of(lines[1]);
  const auto root = hash_from_base64(lines[2]);
  if (!is_name(lines[0]) || !size || !root) return not_a_note("origin, size or root is broken");
  if (!lines[3].starts_with(kTimeHead)) return not_a_note("it has no time");
  const auto time = parse_rfc3339(lines[3].substr(kTimeHead.size()));
  if (!time) return not_a_note("its time is broken");
  checkpoint.size = *size;
  checkpoint.root = *root;
  checkpoint.time = *time;
  if (checkpoint_text(checkpoint) != text) return not_a_note("it is not in its written form");
  return checkpoint;
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureHead)) return not_a_note("a signature line is broken");
  line.remove_prefix(kSignatureHead.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return not_a_note("a signature line is broken");
  NoteSignature signature;
  signature.name = line.substr(0, space);
  const auto bytes = from_base64(line.substr(space + 1));
  if (!is_name(signature.name) || !bytes || bytes->size() < 5) {
    return not_a_note("a signature line is broken");
  }
  signature.bytes = *bytes;
  return signature;
}

}  // namespace

std::string origin_of(std::string_view store_id) {
  return "wenyuan.audit/" + std::string(store_id);
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin;
  text += '\n';
  text += std::to_string(checkpoint.size);
  text += '\n';
  text += to_base64(checkpoint.root);
  text += '\n';
  text += kTimeHead;
  text += rfc3339(checkpoint.time);
  text += '\n';
  return text;
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  const std::string text = checkpoint_text(checkpoint);
  const std::string signature = key.verifying_key().key_hash(checkpoint.origin) + key.sign(text);
  std::string note = text + "\n";
  note += kSignatureHead;
  note += checkpoint.origin;
  note += ' ';
  note += to_base64_text(signature);
  note += '\n';
  return note;
}

Result<ParsedNote> parse_note(std::string_view note) {
  if (note.size() > kNoteSizeMax) return not_a_note("it is too long");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || !note.ends_with('\n')) {
    return not_a_note("it has no signature");
  }
  ParsedNote parsed;
  parsed.text = note.substr(0, gap + 1);
  WY_TRY(parsed.checkpoint, parse_text(parsed.text));
  std::string_view rest = note.substr(gap + 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    WY_TRY(NoteSignature signature, parse_signature(rest.substr(0, end)));
    parsed.signatures.push_back(std::move(signature));
    if (parsed.signatures.size() > kSignaturesMax) return not_a_note("it has too many signatures");
    rest.remove_prefix(end + 1);
  }
  if (parsed.signatures.empty()) return not_a_note("it has no signature");
  return parsed;
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifyingKey& key) {
  auto parsed = parse_note(note);
  if (!parsed) return Error{ErrorCode::corrupt, parsed.error().message};
  const std::string& name = parsed->checkpoint.origin;
  const std::string hash = key.key_hash(name);
  for (const NoteSignature& each : parsed->signatures) {
    if (each.name != name || each.bytes.substr(0, hash.size()) != hash) continue;
    if (key.verifies(parsed->text, each.bytes.substr(hash.size()))) return parsed->checkpoint;
  }
  return Error{ErrorCode::corrupt, "the checkpoint of " + rfc3339(parsed->checkpoint.time) +
                                       " over " + std::to_string(parsed->checkpoint.size) +
                                       " records is not signed by this key"};
}

}  // namespace wenyuan::audit
