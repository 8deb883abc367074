// A lexical shard and a vector shard with the same chunks, and the directory that they live in.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "index/lexical_shard.h"
#include "index/vector_shard.h"

namespace wenyuan::index {

// A directory in memory that goes with this object. Searches may still open files in one that has
// been superseded, so the last of them removes it.
class SegmentDirectory {
 public:
  explicit SegmentDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  SegmentDirectory(const SegmentDirectory&) = delete;
  SegmentDirectory& operator=(const SegmentDirectory&) = delete;
  ~SegmentDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

// Immutable and thread-safe.
struct Segment {
  // First, so that it goes last: after the files in it are closed.
  std::unique_ptr<const SegmentDirectory> directory;
  std::unique_ptr<const LexicalShard> lexical;
  std::unique_ptr<const VectorShard> vectors;  // null when there is no embedding model
};

// A segment without what was removed from it since.
struct Part {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const RemovedChunks> removed;

  std::size_t chunk_count() const {
    return segment->lexical->chunks().size() - removed->chunks.size();
  }
};

constexpr const char* kLexicalFolder = "lexical";

}  // namespace wenyuan::index
