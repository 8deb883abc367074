#include "audit/log.h"
#include "audit/retention.h"
#include "store/content_store.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {
namespace {

Status one_ready(Node& node, Scene& scene) {
  WY_TRY(scene.target, ready_document(node, scene));
  return Done{};
}

// Committed, but not yet in the indexes.
Status one_behind(Node& node, Scene& scene) {
  WY_TRY(scene.target, upload(node, scene));
  store::Processed processed;
  processed.media_type = "text/plain";
  processed.text = scene.fresh("word");
  processed.embedding_model = kModel;
  Chunk chunk;
  chunk.text = processed.text;
  chunk.location.char_end = static_cast<std::int64_t>(processed.text.size());
  chunk.vector.assign(kVectorSize, 0);
  chunk.vector[0] = 1;
  processed.chunks = {chunk};
  return node.database().write([&](store::Transaction& tx) {
    return store::finish_document(tx, scene.target, processed, node.now());
  });
}

Status apply_to_indexes(Node& node, Scene&) { return node.index(); }

Status seal_indexes(Node& node, Scene&) { return node.indexer().seal_changed(true); }

// What was removed goes out of the sealed files too.
Status removed_one(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(one_ready(node, scene));
  WY_RETURN_IF_ERROR(node.indexer().seal_changed(true));
  return operation("remove a document").act(node, scene);
}

Status empty_the_log(Node& node, Scene&) { return node.database().checkpoint(); }

Status record_a_search(Node& node, Scene&) {
  return node.write("search", "", [](store::Transaction&) -> Status { return Done{}; });
}

Status sign_checkpoint(Node& node, Scene&) { return node.checkpointer().write(node.now()); }

Status hold_records(Node& node, Scene& scene) {
  return node.write("audit.hold", "", [&](store::Transaction& tx) -> Status {
    audit::Hold hold;
    hold.subject_id = scene.fresh("usr_");
    hold.reason = "a court asks";
    hold.created_by = node.admin_id();
    WY_RETURN_IF_ERROR(audit::add_hold(tx, hold, node.now()));
    return Done{};
  });
}

Status record_with_subject(Node& node, Scene& scene) {
  scene.target = scene.fresh("usr_");
  return node.database().write([&](store::Transaction& tx) -> Status {
    audit::Event event;
    event.action = "search";
    event.actor_id = scene.target;
    event.address = "192.0.2.7";
    WY_RETURN_IF_ERROR(audit::append(tx, node.vault(), event, node.now()));
    return Done{};
  });
}

Status erase_subject(Node& node, Scene& scene) {
  return node.write("audit.erase", scene.target, [&](store::Transaction& tx) {
    return audit::erase_subject(tx, scene.target, node.now());
  });
}

// Reads only.
Status search_and_read(Node& node, Scene& scene) {
  WY_TRY(const Document document, node.database().read([&](store::Snapshot& snapshot) {
    return store::document_for_ingest(snapshot, scene.target);
  }));
  WY_RETURN_IF_ERROR(node.blobs().get(document.sha256));
  return node.database().read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(const Permit permit, node.permit(snapshot, Action::read));
    const std::vector<LabelId> labels = permit.labels();
    WY_RETURN_IF_ERROR(node.compartments().keyword(permit, {labels, nullptr}, "river model", 5));
    return Done{};
  });
}

}  // namespace

std::vector<Operation> derived_operations() {
  return {
      {"apply to the indexes", one_behind, apply_to_indexes},
      {"seal the indexes", one_ready, seal_indexes},
      {"seal after a removal", removed_one, seal_indexes},
      {"empty the write-ahead log", one_ready, empty_the_log},
      {"append to the audit log", nullptr, record_a_search},
      {"sign a checkpoint", record_a_search, sign_checkpoint},
      {"hold records", nullptr, hold_records},
      {"erase a subject", record_with_subject, erase_subject},
      {"search and read", one_ready, search_and_read},
  };
}

}  // namespace wenyuan::crash
