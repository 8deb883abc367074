#include "base/document.h"

#include "base/assert.h"

namespace wenyuan {
namespace {

template <class Enum>
std::optional<Enum> find(std::string_view wanted, std::initializer_list<Enum> values) {
  for (const Enum value : values) {
    if (name(value) == wanted) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string chunk_wire_id(const Chunk& chunk) {
  return chunk.document_id + ":" + std::to_string(chunk.ordinal);
}

const std::vector<std::string>& heading_path_at(const Chunk& chunk, std::int64_t char_start) {
  const std::vector<std::string>* path = &chunk.location.heading_path;
  for (const ChunkSection& section : chunk.sections) {
    if (section.char_start > char_start) break;
    path = &section.heading_path;
  }
  return *path;
}

std::string_view name(CollectionKind kind) {
  switch (kind) {
    case CollectionKind::personal: return "personal";
    case CollectionKind::organization: return "organization";
  }
  WY_ASSERT(false);
}

std::string_view name(DocumentState state) {
  switch (state) {
    case DocumentState::queued: return "queued";
    case DocumentState::processing: return "processing";
    case DocumentState::ready: return "ready";
    case DocumentState::failed: return "failed";
  }
  WY_ASSERT(false);
}

std::string_view name(JobState state) {
  switch (state) {
    case JobState::queued: return "queued";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
  }
  WY_ASSERT(false);
}

std::optional<CollectionKind> collection_kind(std::string_view wanted) {
  return find(wanted, {CollectionKind::personal, CollectionKind::organization});
}
std::optional<DocumentState> document_state(std::string_view wanted) {
  return find(wanted, {DocumentState::queued, DocumentState::processing, DocumentState::ready,
                       DocumentState::failed});
}
std::optional<JobState> job_state(std::string_view wanted) {
  return find(wanted, {JobState::queued, JobState::running, JobState::done, JobState::failed});
}

}  // namespace wenyuan
