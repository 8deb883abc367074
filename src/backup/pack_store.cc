#include "backup/pack_store.h"

#include <algorithm>
#include <limits>

namespace wenyuan::backup {
namespace {

constexpr int kPageSize = 200;

// Vectors come with the chunks of one range, which nobody else's chunk is in.
Result<std::vector<Chunk>> chunks_of(store::Snapshot& snapshot, const Permit& permit,
                                     const Document& document, const std::string& model) {
  std::vector<ChunkId> ids;
  store::Page page{.limit = kPageSize, .cursor = {}};
  do {
    WY_TRY(const auto some, store::chunks(snapshot, permit, document.id, page));
    for (const Chunk& chunk : some.items) ids.push_back(chunk.id);
    page.cursor = some.next_cursor;
  } while (!page.cursor.empty());
  if (ids.empty()) return std::vector<Chunk>();
  const store::ChunkRange range{ids.front(), ids.back(), ids.size()};
  WY_TRY(auto chunks, store::chunks_for_index(snapshot, document.label_id, range, model));
  const bool whole = std::all_of(chunks.begin(), chunks.end(),
                                 [](const Chunk& chunk) { return !chunk.vector.empty(); });
  if (!whole) {
    for (Chunk& chunk : chunks) chunk.vector.clear();
  }
  return chunks;
}

Result<bool> has_external_id(store::Snapshot& snapshot, const Permit& permit,
                             const FromPack& taken) {
  if (taken.document->external_id.empty()) return false;
  store::DocumentFilter filter;
  filter.collection_id = taken.collection_id;
  filter.external_id = taken.document->external_id;
  WY_TRY(const auto found, store::documents(snapshot, permit, filter, {.limit = 1, .cursor = {}}));
  return !found.items.empty();
}

store::Processed processed(const FromPack& taken, std::int64_t version) {
  const PackDocument& document = *taken.document;
  store::Processed result;
  result.version = version;
  result.media_type = document.versions.back().media_type;
  result.title = document.title;
  result.text = document.text;
  result.page_count = document.page_count;
  result.layout = document.layout;
  result.chunks = document.chunks;
  const bool vectors = !taken.embedding_model.empty() && !document.chunks.empty() &&
                       !document.chunks.front().vector.empty();
  if (vectors) {
    result.embedding_model = taken.embedding_model;
  } else {
    for (Chunk& chunk : result.chunks) chunk.vector.clear();
  }
  return result;
}

}  // namespace

Result<ForPack> read_for_pack(store::Snapshot& snapshot, const Permit& permit,
                              const std::string& document_id, const std::string& model) {
  WY_TRY(const Document document, store::document(snapshot, permit, document_id));
  WY_TRY(auto versions, store::versions(snapshot, permit, document_id));
  std::reverse(versions.begin(), versions.end());
  ForPack made;
  made.document.title = document.title;
  made.document.file_name = document.file_name;
  made.document.external_id = document.external_id;
  made.document.attributes = document.attributes;
  made.document.page_count = document.page_count;
  for (const store::DocumentVersion& each : versions) {
    made.document.versions.push_back(
        {each.media_type, each.size_bytes, each.effective_from, each.effective_until});
    made.originals.push_back(each.sha256);
  }
  // The text of an older version is not that of the last original.
  if (document.state != DocumentState::ready) return made;
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  WY_TRY(made.document.text, store::document_text(snapshot, permit, document_id, 0, kAll));
  WY_TRY(made.document.layout, store::document_layout(snapshot, permit, document_id));
  WY_TRY(made.document.chunks, chunks_of(snapshot, permit, document, model));
  return made;
}

Result<store::Added> take_from_pack(store::Transaction& tx, const Permit& permit,
                                    const FromPack& taken, const store::AccessAttributes& access,
                                    UnixMillis now) {
  const PackDocument& document = *taken.document;
  WY_ASSERT(!document.versions.empty() && document.versions.size() == taken.originals.size());
  WY_TRY(const bool known, has_external_id(tx, permit, taken));
  // Without an external id there are no versions to tell apart.
  const bool last_alone = known || document.external_id.empty();
  const std::size_t last = document.versions.size() - 1;
  store::Added added;
  for (std::size_t version = last_alone ? last : 0; version <= last; ++version) {
    store::NewDocument wanted;
    wanted.collection_id = taken.collection_id;
    wanted.title = document.title;
    wanted.file_name = document.file_name;
    wanted.external_id = document.external_id;
    wanted.media_type = document.versions[version].media_type;
    wanted.blob_sha256 = taken.originals[version].sha256;
    wanted.size_bytes = taken.originals[version].size_bytes;
    wanted.attributes = document.attributes;
    wanted.user_id = taken.user_id;
    wanted.effective_from = document.versions[version].effective_from;
    wanted.effective_until = document.versions[version].effective_until;
    WY_TRY(added, store::add_document(tx, permit, wanted, access, now));
  }
  if (added.duplicate || document.text.empty()) return added;
  WY_RETURN_IF_ERROR(
      store::finish_document(tx, added.document.id, processed(taken, added.document.version), now));
  return added;
}

bool same_model(const PackModel& pack, const PackModel& own) {
  if (pack.name.empty() || pack.name != own.name || pack.vector_size != own.vector_size) {
    return false;
  }
  return pack.sha256.empty() || own.sha256.empty() || pack.sha256 == own.sha256;
}

}  // namespace wenyuan::backup
