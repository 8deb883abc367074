// A collection in one file (.kbpack) that another server can take in; docs/formats/kbpack.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "backup/tar.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/layout.h"
#include "base/result.h"

namespace wenyuan::backup {

// What made the vectors. Equal fingerprints make equal vectors.
struct PackModel {
  std::string name;  // empty: no vectors
  std::int64_t vector_size = 0;
  std::string sha256;  // of the model file; may be empty
};

struct PackHead {
  std::string origin;  // id of the store that it comes from
  std::string name;    // the collection's
  UnixMillis created_at = 0;
  PackModel model;
  std::int64_t document_count = 0;
  std::string key;  // 32 bytes: the public key that signed it
};

// A document without who has put it there and who may see it.
struct PackDocument {
  std::string title, file_name, external_id;
  Attributes attributes;
  std::int64_t page_count = 0;
  std::string text;             // empty when nothing was made of it yet
  std::vector<TextBox> layout;  // empty without pages
  std::vector<Chunk> chunks;    // text, place and sections; vectors for all or for none
  struct Version {
    std::string media_type;
    std::int64_t size = 0;  // of its original
    // When it holds; packs from before there were such times say nothing.
    std::optional<UnixMillis> effective_from{}, effective_until{};
  };
  std::vector<Version> versions;  // the oldest first; text and chunks are of the last
};

class PackWriter {
 public:
  // False ends the writing: the reader has gone.
  using Sink = std::function<bool(std::string_view)>;
  explicit PackWriter(Sink sink);

  // Documents in order; `original` gives the bytes of each version. Chunks that are not pieces of
  // the text are left out, so that they are made anew.
  Status add(const PackDocument& document,
             const std::function<Result<std::string>(std::size_t version)>& original);
  // The manifest, without which nobody takes it; `head` but for count and key.
  Status finish(PackHead head, const audit::SigningKey& key);

 private:
  Status put(const std::string& name, std::string_view bytes);
  Sink sink_;
  std::int64_t document_count_ = 0;
  std::vector<std::string> entries_;  // NAME SHA256 SIZE
};

struct PackLimits {
  std::int64_t document_max = 1'000'000;
  std::int64_t version_max = 1'000;  // of a document
  std::int64_t original_max = std::int64_t{256} << 20;
  std::int64_t part_max = std::int64_t{1} << 30;  // a text, a layout or the chunks of a document
};

// Not thread-safe.
class PackReader {
 public:
  // Reads all of it once: corrupt unless every file has the hash that the manifest says, there are
  // no others, and the manifest is signed by the key that it names. too_large names the limit.
  static Result<PackReader> open(ReadBytes read, std::int64_t size, const PackLimits& limits);

  const PackHead& head() const { return head_; }
  // From 0. corrupt for what PackWriter would not write. Originals: see original().
  Result<PackDocument> document(std::int64_t number) const;
  Result<std::string> original(std::int64_t number, std::size_t version) const;

 private:
  struct File {
    std::int64_t offset = 0, size = 0;
  };
  PackReader(ReadBytes read, const PackLimits& limits) : read_(std::move(read)), limits_(limits) {}
  Status scan(std::int64_t size);
  Status check_manifest(const std::string& text, const std::vector<std::string>& entries);
  Result<std::string> file(const std::string& name, bool must_be) const;

  ReadBytes read_;
  PackLimits limits_;
  PackHead head_;
  std::map<std::string, File, std::less<>> files_;
};

// Places, headings, boxes and vectors; the texts of chunks are pieces of the document's.
std::string encode_pack_chunks(const std::vector<Chunk>& chunks);
Result<std::vector<Chunk>> decode_pack_chunks(std::string_view bytes, std::string_view text,
                                              std::int64_t vector_size);
// Whether each is the piece of the text that it says, and none begins before the one before it.
bool are_pieces(const std::vector<Chunk>& chunks, std::string_view text);

}  // namespace wenyuan::backup
