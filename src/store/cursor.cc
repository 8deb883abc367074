#include "store/cursor.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::store {
namespace {

using Block = std::array<std::uint8_t, 16>;  // 8 bytes of position, 8 bytes that name the list

Result<Block> cursor_key(Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT value FROM meta WHERE name = 'cursor_key'"));
  WY_TRY(const bool found, statement.step());
  const auto bytes = found ? from_hex(statement.text(0)) : std::nullopt;
  Block key{};
  if (!bytes || bytes->size() != key.size()) {
    return Error{ErrorCode::corrupt, "the store has no cursor key"};
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

// One block, each under the same key only once for the same content: no mode is needed.
Block aes(const Block& key, const Block& block, bool encrypt) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  WY_ASSERT(context != nullptr);
  Block out{};
  int size = 0;
  WY_ASSERT(EVP_CipherInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, key.data(), nullptr,
                              encrypt ? 1 : 0) == 1);
  WY_ASSERT(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  WY_ASSERT(EVP_CipherUpdate(context.get(), out.data(), &size, block.data(),
                             static_cast<int>(block.size())) == 1);
  return out;
}

Block block_of(std::string_view list, std::int64_t position) {
  DigestWriter digest;
  digest.add(list);
  const Digest name = digest.finish();
  Block block{};
  std::memcpy(block.data(), &position, sizeof position);
  std::copy_n(name.begin(), 8, block.begin() + 8);
  return block;
}

}  // namespace

Result<std::string> make_cursor(Snapshot& snapshot, std::string_view list, std::int64_t position) {
  WY_TRY(const Block key, cursor_key(snapshot));
  return to_hex(aes(key, block_of(list, position), true));
}

Result<std::int64_t> read_cursor(Snapshot& snapshot, std::string_view list,
                                 std::string_view cursor) {
  if (cursor.empty()) return std::int64_t{0};
  const Error unknown{ErrorCode::invalid_argument, "the cursor is not one of this list"};
  const auto bytes = from_hex(cursor);
  Block block{};
  if (!bytes || bytes->size() != block.size()) return unknown;
  std::copy(bytes->begin(), bytes->end(), block.begin());
  WY_TRY(const Block key, cursor_key(snapshot));
  block = aes(key, block, false);
  std::int64_t position = 0;
  std::memcpy(&position, block.data(), sizeof position);
  if (block != block_of(list, position)) return unknown;
  return position;
}

}  // namespace wenyuan::store
