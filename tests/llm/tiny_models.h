// Model files of a few hundred kilobytes with random weights, for tests of everything around
// models.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace wenyuan::llm {

// A directory of its own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct TinyLlama {
  std::uint32_t context = 256;
  std::uint32_t seed = 1;
};

// A llama with a byte-level vocabulary. It writes printable ASCII without end.
void write_tiny_llama(const std::filesystem::path& path, const TinyLlama& options = {});

// A bert with a SentencePiece vocabulary of letters, vectors of 32 numbers, a context of 16 tokens.
void write_tiny_bert(const std::filesystem::path& path);

// The same as a reranker, with a context of 32 tokens.
void write_tiny_reranker(const std::filesystem::path& path);

}  // namespace wenyuan::llm
