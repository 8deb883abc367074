#include "tests/crash/operations.h"

#include <utility>

#include "base/id.h"
#include "base/text.h"
#include "store/content_store.h"

namespace wenyuan::crash {
namespace {

constexpr std::int64_t kSizeMax = 1 << 20;

Chunk made_chunk(std::string_view line, std::int64_t at, std::mt19937_64& random) {
  Chunk chunk;
  chunk.text = line;
  chunk.location.char_start = at;
  chunk.location.char_end = at + static_cast<std::int64_t>(code_point_count(line));
  chunk.location.heading_path = {"Part"};
  chunk.vector.assign(kVectorSize, 0);
  chunk.vector[random() % kVectorSize] = 1;
  return chunk;
}

}  // namespace

std::string Scene::some_text() {
  static constexpr const char* kWords[] = {"river", "contract", "signed", "memory", "model",
                                           "合同",  "数据库",   "water",  "number", "letter"};
  std::string text;
  const std::uint64_t lines = 1 + random() % 6;
  for (std::uint64_t line = 0; line < lines; ++line) {
    if (line > 0) text += '\n';
    text += fresh("line");
    const std::uint64_t words = 3 + random() % 40;
    for (std::uint64_t word = 0; word < words; ++word) {
      text += ' ';
      text += kWords[random() % std::size(kWords)];
    }
  }
  return text;
}

Result<std::string> upload(Node& node, Scene& scene, const std::string& external_id) {
  WY_TRY(scene.blob, node.blobs().put(scene.some_text(), kSizeMax));
  store::NewDocument wanted;
  wanted.collection_id = scene.collection_id;
  wanted.title = scene.fresh("Title ");
  wanted.external_id = external_id;
  wanted.media_type = "text/plain";
  wanted.blob_sha256 = scene.blob.sha256;
  wanted.size_bytes = scene.blob.size_bytes;
  wanted.user_id = node.admin_id();
  std::string id;
  const Status written = node.write("document.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const Permit permit, node.permit(tx, Action::write));
    WY_TRY(
        const store::Added added,
        store::add_document(tx, permit, wanted, node.policies().access_attributes(), node.now()));
    id = added.document.id;
    return Done{};
  });
  scene.blob.hold.reset();
  if (!written) return written.error();
  return id;
}

Status ingest(Node& node, Scene& scene, const std::string& document_id, std::int64_t version) {
  store::Processed processed;
  processed.version = version;
  processed.media_type = "text/plain";
  processed.text = scene.some_text();
  processed.embedding_model = kModel;
  std::int64_t at = 0;
  for (const std::string_view line : split(processed.text, '\n')) {
    processed.chunks.push_back(made_chunk(line, at, scene.random));
    at = processed.chunks.back().location.char_end + 1;
  }
  WY_RETURN_IF_ERROR(node.database().write([&](store::Transaction& tx) {
    return store::finish_document(tx, document_id, processed, node.now());
  }));
  return node.index();
}

Result<std::string> ready_document(Node& node, Scene& scene) {
  WY_TRY(std::string id, upload(node, scene));
  WY_RETURN_IF_ERROR(ingest(node, scene, id));
  return id;
}

Status set_up(Node& node, Scene& scene) {
  scene.collection_id = new_id("col");
  const Collection collection{.id = scene.collection_id,
                              .name = "Everything",
                              .kind = CollectionKind::organization,
                              .owner_id = node.admin_id(),
                              .attributes = {{"department", "sales"}},
                              .created_at = 1,
                              .updated_at = 1};
  WY_RETURN_IF_ERROR(node.write(
      "collection.add", collection.id,
      [&](store::Transaction& tx) -> Status { return store::add_collection(tx, collection); }));
  for (int i = 0; i < 3; ++i) {
    WY_TRY(std::string id, ready_document(node, scene));
    scene.documents.push_back(std::move(id));
  }
  return Done{};
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> some = people_operations();
    for (auto* const more :
         {&content_operations, &derived_operations, &key_operations, &backup_operations}) {
      for (Operation& each : more()) some.push_back(std::move(each));
    }
    return some;
  }();
  return all;
}

const Operation& operation(const std::string& name) {
  for (const Operation& each : operations()) {
    if (each.name == name) return each;
  }
  WY_ASSERT(false);
  return operations().front();
}

}  // namespace wenyuan::crash
