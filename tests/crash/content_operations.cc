#include "base/id.h"
#include "store/blob_removal.h"
#include "store/content_store.h"
#include "store/erasure_log.h"
#include "store/idempotency_store.h"
#include "store/job_store.h"
#include "store/late_vectors.h"
#include "store/version_retention.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {
namespace {

Status upload_one(Node& node, Scene& scene) {
  WY_TRY(scene.target, upload(node, scene));
  return Done{};
}

Status ingest_one(Node& node, Scene& scene) { return ingest(node, scene, scene.target); }

Status make_ready(Node& node, Scene& scene) {
  WY_TRY(scene.target, ready_document(node, scene));
  return Done{};
}

Status named_document(Node& node, Scene& scene) {
  scene.second = scene.fresh("name");
  WY_TRY(scene.target, upload(node, scene, scene.second));
  return ingest(node, scene, scene.target);
}

Status upload_version(Node& node, Scene& scene) {
  WY_TRY(scene.target, upload(node, scene, scene.second));
  return Done{};
}

Status version_waits(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(named_document(node, scene));
  return upload_version(node, scene);
}

// One version of now, and one of the past.
Status with_past(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(version_waits(node, scene));
  return ingest_one(node, scene);
}

Status older_version_waits(Node& node, Scene& scene) {
  scene.second = scene.fresh("name");
  WY_TRY(scene.target, upload(node, scene, scene.second));
  WY_RETURN_IF_ERROR(upload_version(node, scene));
  return ingest_one(node, scene);
}

Status ingest_older(Node& node, Scene& scene) { return ingest(node, scene, scene.target, 1); }

Status keep_versions(Node& node, Scene& scene, std::optional<std::int64_t> kept) {
  return node.write(
      "collection.change", scene.collection_id, [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node.permit(tx, Action::manage));
        return store::set_version_retention(tx, permit, scene.collection_id, {.kept = kept});
      });
}

Status keep_no_versions(Node& node, Scene& scene) { return keep_versions(node, scene, 0); }

Status past_that_is_not_kept(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(with_past(node, scene));
  return keep_no_versions(node, scene);
}

Status drop_versions(Node& node, Scene& scene) {
  store::DroppedVersions dropped;
  WY_RETURN_IF_ERROR(
      node.write("version.erase", scene.target, [&](store::Transaction& tx) -> Status {
        WY_TRY(dropped, store::drop_old_versions(tx, node.now(), 10));
        return Done{};
      }));
  WY_RETURN_IF_ERROR(store::remove_blobs(node.database(), node.blobs(), dropped.unnamed_blobs));
  return node.index();
}

Status fail_one(Node& node, Scene& scene) {
  return node.database().write([&](store::Transaction& tx) {
    return store::fail_document(tx, scene.target, "it cannot be read", node.now());
  });
}

Status take_a_job(Node& node, Scene&) {
  return node.database().write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(store::take_job(tx, node.now()));
    return Done{};
  });
}

Status keep_receipt(Node& node, Scene& scene, store::Transaction& tx, const store::Erased& erased) {
  store::Erasure erasure;
  erasure.receipt_id = scene.fresh("rct_");
  erasure.erased_id = erased.document_id;
  // As the server writes them, but for the signature, which the sweep does not look at.
  erasure.receipt = "wenyuan.erasure/store\nreceipt " + erasure.receipt_id + "\ndocument " +
                    erased.document_id + "\ncollection " + erased.collection_id + "\nerased " +
                    rfc3339(node.now()) + "\nversions 1\nchunks 1\nvectors 0\nrecord CsUY\n";
  for (const auto& [sha256, size_bytes] : erased.originals) {
    erasure.receipt += "original " + sha256 + " " + std::to_string(size_bytes) + "\n";
  }
  erasure.erased_at = node.now();
  erasure.key_secret = erased.key_secret;
  return store::add_erasure(tx, erasure);
}

Status remove_document(Node& node, Scene& scene) {
  store::Erased erased;
  WY_RETURN_IF_ERROR(
      node.write("document.remove", scene.target, [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node.permit(tx, Action::write));
        WY_TRY(erased, store::remove_document(tx, permit, scene.target));
        return keep_receipt(node, scene, tx, erased);
      }));
  WY_RETURN_IF_ERROR(store::remove_blobs(node.database(), node.blobs(), erased.unnamed_blobs));
  return node.index();
}

Status change_document(Node& node, Scene& scene, bool relabel) {
  const Status changed =
      node.write("document.change", scene.target, [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node.permit(tx, Action::write));
        WY_TRY(Document document, store::document(tx, permit, scene.target));
        document.title = scene.fresh("New title ");
        if (relabel) document.attributes["department"] = scene.fresh("unit");
        WY_RETURN_IF_ERROR(store::update_document(tx, permit, document,
                                                  node.policies().access_attributes(), node.now()));
        return Done{};
      });
  if (!changed) return changed;
  return node.index();
}

Status retitle(Node& node, Scene& scene) { return change_document(node, scene, false); }
Status relabel(Node& node, Scene& scene) { return change_document(node, scene, true); }

Status add_collection(Node& node, Scene& scene) {
  const Collection collection{.id = new_id("col"),
                              .name = scene.fresh("Collection "),
                              .kind = CollectionKind::organization,
                              .owner_id = node.admin_id(),
                              .attributes = {},
                              .created_at = 1,
                              .updated_at = 1};
  scene.second = collection.id;
  return node.write("collection.add", collection.id,
                    [&](store::Transaction& tx) { return store::add_collection(tx, collection); });
}

Status filled_collection(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(add_collection(node, scene));
  const std::string usual = std::exchange(scene.collection_id, scene.second);
  const auto made = ready_document(node, scene);
  scene.collection_id = usual;
  if (!made) return made.error();
  return Done{};
}

// All its documents move to other compartments.
Status relabel_collection(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(
      node.write("collection.change", scene.second, [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node.permit(tx, Action::manage));
        WY_TRY(Collection collection, store::collection(tx, scene.second));
        collection.attributes["department"] = scene.fresh("unit");
        return store::update_collection(tx, permit, collection,
                                        node.policies().access_attributes());
      }));
  return node.index();
}

Status remove_collection(Node& node, Scene& scene) {
  std::vector<std::string> blobs;
  const Status removed =
      node.write("collection.remove", scene.second, [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node.permit(tx, Action::manage));
        WY_TRY(const auto erased, store::remove_collection(tx, permit, scene.second));
        for (const store::Erased& each : erased) {
          WY_RETURN_IF_ERROR(keep_receipt(node, scene, tx, each));
          blobs.insert(blobs.end(), each.unnamed_blobs.begin(), each.unnamed_blobs.end());
        }
        return Done{};
      });
  if (!removed) return removed;
  WY_RETURN_IF_ERROR(store::remove_blobs(node.database(), node.blobs(), blobs));
  return node.index();
}

Status remember_answer(Node& node, Scene& scene) {
  return node.write("document.repeat", "", [&](store::Transaction& tx) {
    return store::remember(tx, node.admin_id(), scene.fresh("key"), {"hash", 200, "body"},
                           node.now());
  });
}

}  // namespace

std::vector<Operation> content_operations() {
  return {
      {"add a collection", nullptr, add_collection},
      {"relabel a collection", filled_collection, relabel_collection},
      {"remove a collection", filled_collection, remove_collection},
      {"upload a document", nullptr, upload_one},
      {"ingest a document", upload_one, ingest_one, false},
      {"upload a version", named_document, upload_version},
      {"ingest a version", version_waits, ingest_one, false},
      {"ingest an older version", older_version_waits, ingest_older, false},
      {"relabel a document with a past", with_past, relabel},
      {"remove a document with a past", with_past, remove_document},
      {"keep no versions", nullptr, keep_no_versions},
      {"drop old versions", past_that_is_not_kept, drop_versions},
      {"fail a document", upload_one, fail_one, false},
      {"take a job", upload_one, take_a_job},
      {"remove a document", make_ready, remove_document},
      {"retitle a document", make_ready, retitle},
      {"relabel a document", make_ready, relabel},
      {"remember an answer", nullptr, remember_answer},
  };
}

}  // namespace wenyuan::crash
