// Checkpoints come from files, mail and other machines.
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/base64.h"
#include "audit/checkpoint_file.h"
#include "audit/checkpoint_note.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::audit;

// A note has one spelling.
void check_note(std::string_view text) {
  const auto note = parse_note(text);
  if (!note) return;
  std::string again = checkpoint_text(note->checkpoint) + "\n";
  for (const NoteSignature& each : note->signatures) {
    again += "\xE2\x80\x94 " + each.name + " " + to_base64_text(each.bytes) + "\n";
  }
  WY_ASSERT(again == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_note(text);
  std::size_t total = 0;
  for (const std::string& note : split_notes(text)) {
    check_note(note);
    total += note.size();
  }
  WY_ASSERT(total <= text.size());
  if (const auto bytes = from_base64(text)) WY_ASSERT(to_base64_text(*bytes) == text);
  return 0;
}
