// A body that has to be read more than once: in a file without a name, which goes with this object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "store/cipher.h"

namespace wenyuan::api {

// What lies on the disk is sealed in pieces under a key that this object alone has. One thread at a
// time.
class Spool {
 public:
  static Result<Spool> create();
  Spool(Spool&&) noexcept = default;
  Spool& operator=(Spool&&) noexcept = default;
  ~Spool();

  Status write(std::string_view bytes);
  std::int64_t size() const { return size_; }
  // Fewer bytes only at the end. corrupt when the file was changed.
  Result<std::string> read(std::int64_t offset, std::size_t size);

 private:
  explicit Spool(FileDescriptor fd);
  Status put_piece();
  Status open_piece(std::int64_t number);

  FileDescriptor fd_;
  store::CipherKey key_{};
  std::int64_t size_ = 0;
  std::string waiting_;       // the last piece, as long as it is not whole
  std::int64_t pieces_ = 0;   // in the file
  std::int64_t opened_ = -1;  // which piece `plain_` is; reads come in order
  std::string plain_;
};

}  // namespace wenyuan::api
