// Writes a GGUF file whose tensors come one after the other, so that none but one is in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "llm/gguf_writer.h"

namespace wenyuan::llm {

// The file appears under its name when it is whole and on the disk; until then it is beside it
// under a hidden one, which goes away with an unfinished stream. Move-only.
class GgufStream {
 public:
  static Result<GgufStream> create(const std::filesystem::path& path, const GgufMetadata& metadata,
                                   std::vector<GgufTensor> tensors);
  GgufStream(GgufStream&& other) noexcept;
  GgufStream& operator=(GgufStream&&) = delete;
  ~GgufStream();

  // More bytes of the tensors, in their order; a call does not reach over a tensor's end.
  Status append(std::span<const std::uint8_t> bytes);
  // All tensors have their bytes.
  Status finish();

 private:
  GgufStream() = default;
  Status put(const void* bytes, std::size_t size);

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty once it is gone
  FileDescriptor file_;
  std::vector<GgufTensor> tensors_;
  std::size_t at_ = 0;           // the tensor
  std::uint64_t in_tensor_ = 0;  // bytes of it that are there
};

}  // namespace wenyuan::llm
