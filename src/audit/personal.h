// The sealed part of a record: texts that only the keys of those whom they concern can open.
//
// Every subject (a user, a document; in the clear: its id) has a random key of its own. The hash of
// a record covers the ciphertext, so destroying a key erases the texts, and every proof still
// holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/cipher.h"
#include "audit/record.h"
#include "base/result.h"
#include "store/database.h"
#include "store/key_ring.h"

namespace wenyuan::audit {

constexpr std::size_t kSubjectsMax = 64;
constexpr std::size_t kPersonalSizeMax = std::size_t{256}
                                         << 10;  // of one text; the rest is cut off

// A part of a record's sealed bytes.
struct SealedPart {
  std::vector<std::string> subjects;  // sorted
  std::string box;                    // of audit/cipher.h
};
std::string encode_sealed(const std::vector<SealedPart>& parts);
// corrupt for what encode_sealed() does not write.
Result<std::vector<SealedPart>> decode_sealed(std::string_view bytes);

using PersonalFields = std::map<std::string, std::string>;
// What opens one part of one record, and nothing else. It may be given to whoever has the record.
using PartKey = CipherKey;
// Nothing when it is not this part's key.
std::optional<PersonalFields> open_part(const PartKey& key, std::string_view box);

// One part that may be read: its key and what it says.
struct OpenPart {
  std::size_t part = 0;
  PartKey key{};
  PersonalFields fields;
};
struct Opened {
  std::vector<OpenPart> parts;
  bool erased = false;  // a part's key is gone
};

// Thread-safe. Holds the key under which the subjects' keys lie in the store.
class Vault {
 public:
  // That key is derived from the store's.
  static Result<std::unique_ptr<Vault>> open(const store::KeyRing& keys);
  explicit Vault(const CipherKey& master) : master_(master) {}

  // The event's address and personal texts as the sealed bytes of record `number`; makes the keys
  // that are not there yet. What concerns somebody whose key is erased is left out.
  Result<std::string> seal_event(store::Transaction& tx, const Event& event, std::int64_t number,
                                 UnixMillis now) const;
  // corrupt when a part does not open with the key that its subjects have.
  Result<Opened> open(store::Snapshot& snapshot, const Record& record) const;

 private:
  struct SubjectKey;
  Result<SubjectKey> find_key(store::Snapshot& snapshot, const std::string& subject) const;
  Result<SubjectKey> key_of(store::Transaction& tx, const std::string& subject,
                            UnixMillis now) const;
  Result<std::optional<std::string>> seal_part(store::Transaction& tx, const Personal& personal,
                                               std::string_view info, UnixMillis now) const;

  CipherKey master_;
};

// Destroys the subject's key for good; later, when there is a legal hold on the subject. Rows of
// users and documents take theirs along when they are deleted.
Status erase_subject(store::Transaction& tx, const std::string& subject, UnixMillis now);

}  // namespace wenyuan::audit
