// The nouns that every folder shares: collection, document, chunk, label, job.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/attributes.h"
#include "base/clock.h"

namespace wenyuan {

// Row ids of the store. Wire ids are random strings ("doc_…"); row ids never leave the process.
using ChunkId = std::int64_t;
// A label stands for one set of (collection, access-relevant attributes, document grants). All
// chunks with the same label form one compartment, so a label id is also a compartment's number.
using LabelId = std::int64_t;
// Raised by every committed change; what derived indexes replay by.
using CommitNumber = std::int64_t;

enum class CollectionKind { personal, organization };

struct Collection {
  std::string id;  // col_…
  std::string name;
  CollectionKind kind = CollectionKind::personal;
  std::string owner_id;  // usr_…
  Attributes attributes;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

// What access can depend on, and nothing else.
struct Label {
  LabelId id = 0;
  std::string collection_id;
  CollectionKind collection_kind = CollectionKind::personal;
  std::string owner_id;     // of the collection
  Attributes attributes;    // the access-relevant ones: the document's over the collection's
  std::string document_id;  // only when the document has grants of its own; else empty
};

enum class DocumentState { queued, processing, ready, failed };

struct Document {
  std::string id;  // doc_…
  std::string collection_id;
  LabelId label_id = 0;
  std::string title;      // given at upload, else found in the file; empty until then
  std::string file_name;  // of the upload; may be empty
  std::string external_id;
  std::string media_type;
  std::string sha256;  // hex, of the original bytes
  std::int64_t size_bytes = 0;
  std::int64_t version = 1;
  DocumentState state = DocumentState::queued;
  std::string error;  // why it failed; empty otherwise
  // Its key or its title does not open; it has no title, and `error` says why.
  bool unreadable = false;
  std::string job_id;
  Attributes attributes;
  std::int64_t chunk_count = 0;
  std::int64_t page_count = 0;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

// A rectangle on a page, as fractions of its width and height, origin top left.
struct Box {
  int page = 0;  // from 1
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

// Where a chunk or a quote stands.
struct Location {
  std::int64_t version = 1;
  std::vector<std::string> heading_path;
  int page = 0;  // from 1; 0 when the format has no pages
  std::vector<Box> boxes;
  // Code points into the document's extracted text, end exclusive.
  std::int64_t char_start = 0;
  std::int64_t char_end = 0;
};

// A part of a chunk that stands under its own heading.
struct ChunkSection {
  std::int64_t char_start = 0;  // code points of the chunk's text; it ends where the next begins
  std::vector<std::string> heading_path;
};

struct Chunk {
  ChunkId id = 0;
  std::string document_id;
  std::string collection_id;
  LabelId label_id = 0;
  std::int64_t ordinal = 0;  // from 0, within the document's version
  std::string title;         // the document's
  std::string text;
  Location location;
  // In order; empty when the location's heading path is that of every part.
  std::vector<ChunkSection> sections;
  std::vector<float> vector;  // empty when there is no embedding model; else of unit length
};

// The wire id of a chunk: stable, and tells nothing about other documents.
std::string chunk_wire_id(const Chunk& chunk);  // "doc_…:12"

// The headings above one place of the chunk's text, given in code points of it.
const std::vector<std::string>& heading_path_at(const Chunk& chunk, std::int64_t char_start);

enum class JobState { queued, running, done, failed };

struct Job {
  std::string id;    // job_…
  std::string kind;  // "ingest", or "embed" for chunks that are older than their model
  std::string document_id;
  std::string user_id;
  JobState state = JobState::queued;
  std::string stage;  // "extract", "chunk", "embed", "index"
  std::int64_t done = 0;
  std::int64_t total = 0;
  int attempts = 0;
  std::string error;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

// Wire names.
std::string_view name(CollectionKind kind);
std::string_view name(DocumentState state);
std::string_view name(JobState state);
std::optional<CollectionKind> collection_kind(std::string_view name);
std::optional<DocumentState> document_state(std::string_view name);
std::optional<JobState> job_state(std::string_view name);

}  // namespace wenyuan
