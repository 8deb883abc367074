// A checkpoint as text: C2SP tlog-checkpoint in a signed note, with Ed25519.
//
//   wenyuan.audit/0123…        the log's origin
//   4711                       its size
//   CsUY…=                     its root
//   time 2026-11-22T03:41:13.042Z
//
//   — wenyuan.audit/0123… Qb2…=
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "audit/merkle.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::audit {

struct Checkpoint {
  std::string origin;
  std::int64_t size = 0;
  Hash root{};
  UnixMillis time = 0;
};

constexpr std::size_t kNoteSizeMax = 64 * 1024;

// What the log of this store is called, also in its key.
std::string origin_of(std::string_view store_id);

// The lines that are signed.
std::string checkpoint_text(const Checkpoint& checkpoint);
std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);

struct NoteSignature {
  std::string name;
  std::string bytes;  // four of the key's hash, then the signature
};
struct ParsedNote {
  Checkpoint checkpoint;
  std::string text;  // what is signed
  std::vector<NoteSignature> signatures;
};
// invalid_argument for what is not a checkpoint in a note; says nothing of the signatures.
Result<ParsedNote> parse_note(std::string_view note);

// corrupt unless the log named in the note has signed it with this key. Signatures of others
// (witnesses) may stand beside it.
Result<Checkpoint> open_checkpoint(std::string_view note, const VerifyingKey& key);

}  // namespace wenyuan::audit
