#include "app/erasure_sweep.h"
#include "store/erasure_log.h"
#include "store/key_rotation.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {
namespace {

Status filled_collection(Node& node, Scene& scene) {
  return operation("relabel a collection").prepare(node, scene);
}

Status rotate(Node& node, Scene&) {
  WY_RETURN_IF_ERROR(store::rotate_master_key(node.database()));
  return Done{};
}

Status erased_document(Node& node, Scene& scene) {
  WY_TRY(scene.target, ready_document(node, scene));
  WY_RETURN_IF_ERROR(node.indexer().seal_changed(true));
  return operation("remove a document").act(node, scene);
}

// The server does it every few seconds and tries again.
Status sweep(Node& node, Scene&) {
  llm::EngineClient none({.socket = "/nonexistent", .connect_time = std::chrono::milliseconds(0)});
  const llm::EngineSupervisor nobody({});
  app::sweep_erasures({node.database(), node.blobs(), node.indexer(), none, nobody}, node.now(),
                      std::stop_token());
  WY_TRY(const std::int64_t left, node.database().read([](store::Snapshot& snapshot) {
    return store::last_unswept(snapshot);
  }));
  if (left == 0) return Done{};
  return Error{ErrorCode::unavailable, "an erasure is not swept yet"};
}

}  // namespace

std::vector<Operation> key_operations() {
  return {
      {"rotate the master key", filled_collection, rotate},
      {"sweep after an erasure", erased_document, sweep, false},
  };
}

}  // namespace wenyuan::crash
