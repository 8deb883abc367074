#include "llm/gguf_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "base/id.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;

Result<GgufStream> GgufStream::create(const fs::path& path, const GgufMetadata& metadata,
                                      std::vector<GgufTensor> tensors) {
  GgufStream stream;
  stream.path_ = path;
  std::string hidden = ".";
  hidden += path.filename().string();
  hidden += new_id("tmp");
  const fs::path temporary = path.parent_path() / hidden;
  stream.file_ =
      FileDescriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!stream.file_) return errno_error("create", temporary);
  stream.temporary_ = temporary;
  stream.tensors_ = std::move(tensors);
  const std::string head = encode_gguf_head(metadata, stream.tensors_);
  WY_RETURN_IF_ERROR(stream.put(head.data(), head.size()));
  return stream;
}

GgufStream::GgufStream(GgufStream&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)),
      tensors_(std::move(other.tensors_)),
      at_(other.at_),
      in_tensor_(other.in_tensor_) {}

GgufStream::~GgufStream() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status GgufStream::put(const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t count = ::write(file_.get(), from, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", temporary_);
    from += count;
    size -= static_cast<std::size_t>(count);
  }
  return Done{};
}

Status GgufStream::append(std::span<const std::uint8_t> bytes) {
  WY_ASSERT(at_ < tensors_.size());
  const std::uint64_t whole = tensors_[at_].byte_count();
  in_tensor_ += bytes.size();
  WY_ASSERT(in_tensor_ <= whole);
  WY_RETURN_IF_ERROR(put(bytes.data(), bytes.size()));
  if (in_tensor_ < whole) return Done{};
  const char zeros[kGgufAlignment] = {};
  ++at_;
  in_tensor_ = 0;
  return put(zeros, (kGgufAlignment - whole % kGgufAlignment) % kGgufAlignment);
}

Status GgufStream::finish() {
  WY_ASSERT(at_ == tensors_.size());
  if (::fsync(file_.get()) != 0) return errno_error("sync", temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return errno_error("rename", temporary_);
  temporary_.clear();
  return sync_directory(path_.parent_path().empty() ? fs::path(".") : path_.parent_path());
}

}  // namespace wenyuan::llm
