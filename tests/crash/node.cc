#include "tests/crash/node.h"

#include <unistd.h>

#include "audit/log.h"
#include "audit/verify.h"
#include "backup/directory.h"
#include "base/id.h"
#include "store/consistency.h"
#include "store/content_store.h"
#include "store/job_store.h"
#include "store/key_ring.h"
#include "tests/crash/backups.h"
#include "tests/crash/facts.h"

namespace wenyuan::crash {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAdministrator = "admin";

std::string text_of(const Status& status) { return status ? "" : status.error().message; }

}  // namespace

Scratch::Scratch() {
  const fs::path memory = "/dev/shm";
  const fs::path parent = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
  path_ = parent / new_id("wenyuan_crash");
  fs::create_directory(path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

UnixMillis Node::now() { return clock_.now(); }

Status Node::open_store() {
  WY_TRY(database_, store::Database::open({.directory = layout_.data}));
  WY_TRY(blobs_, store::BlobStore::open(layout_.blobs(), database_->keys().files()));
  WY_RETURN_IF_ERROR(blobs_->remove_unnamed([&](const std::string& sha256) {
    const auto named = database_->read(
        [&](store::Snapshot& snapshot) { return store::blob_is_named(snapshot, sha256); });
    return !named || *named;
  }));
  WY_TRY(identities_, auth::Identities::open(*database_));
  WY_TRY(sign_in_, auth::SignIn::open(*database_, *identities_, {}));
  policies_.emplace(store::AccessAttributes{"department", "sensitivity"});
  WY_RETURN_IF_ERROR(database_->write([&](store::Transaction& tx) {
    return store::use_access_attributes(tx, policies_->access_attributes());
  }));
  WY_TRY(vault_, audit::Vault::open(database_->keys()));
  audit::Checkpointer::Options options;
  options.directory = layout_.data;
  options.sinks.push_back({audit::file_sink(layout_.data / "second-sink"), true});
  WY_TRY(checkpointer_, audit::Checkpointer::open(*database_, std::move(options)));
  return database_->write(
      [&](store::Transaction& tx) { return store::requeue_running_jobs(tx, 1'000'000, now()); });
}

Status Node::open_indexes() {
  WY_TRY(const index::VectorModel before, app::indexed_model(layout_));
  if (before.name != model_.name) WY_RETURN_IF_ERROR(app::keep_indexed_model(layout_, model_));
  WY_TRY(compartments_,
         app::open_compartments(layout_.indexes(), app::kIndexMemory, *database_, model_));
  indexer_.emplace(*database_, *compartments_);
  return index();
}

Status Node::make_administrator() {
  const auto known = database_->read([&](store::Snapshot& snapshot) {
    return identities_->user_by_name(snapshot, kAdministrator);
  });
  if (known) {
    admin_id_ = known->id;
    return Done{};
  }
  if (known.error().code != ErrorCode::not_found) return known.error();
  auth::User user;
  user.username = kAdministrator;
  user.display_name = "Administrator";
  user.roles = {"admin"};
  return database_->write([&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::User made, identities_->add_user(tx, user, std::nullopt, now()));
    admin_id_ = made.id;
    audit::Event event;
    event.action = "user.add";
    event.object_id = made.id;
    WY_RETURN_IF_ERROR(audit::append(tx, event, now()));
    return Done{};
  });
}

Result<std::unique_ptr<Node>> Node::open(const fs::path& data, const index::VectorModel& model) {
  std::unique_ptr<Node> node(new Node(data, model));
  WY_RETURN_IF_ERROR(node->open_store());
  WY_RETURN_IF_ERROR(node->make_administrator());
  WY_RETURN_IF_ERROR(node->open_indexes());
  return node;
}

Status Node::index() { return indexer_->catch_up_all(std::stop_token()); }

Result<Permit> Node::permit(store::Snapshot& snapshot, Action action) {
  WY_TRY(const auth::Principal principal, identities_->principal(snapshot, admin_id_));
  return policies_->permit(snapshot, principal, action);
}

Status Node::write(const std::string& action, const std::string& object_id,
                   const std::function<Status(store::Transaction&)>& work) {
  return database_->write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(work(tx));
    audit::Event event;
    event.action = action;
    event.actor_id = admin_id_;
    event.object_id = object_id;
    event.address = "192.0.2.1";
    event.personal = {{{}, {{"note", "what somebody wrote"}}}};
    WY_RETURN_IF_ERROR(audit::append(tx, *vault_, event, now()));
    return Done{};
  });
}

std::vector<std::string> Node::problems() {
  std::vector<std::string> all;
  const auto add = [&](const std::string& what, const std::string& trouble) {
    if (!trouble.empty()) all.push_back(what + ": " + trouble);
  };
  add("audit health", text_of(checkpointer_->health()));
  const auto log = audit::verify_directory(*database_, {.directory = layout_.data});
  if (!log) add("audit log", log.error().message);
  const auto rows =
      database_->read([](store::Snapshot& snapshot) { return store::check_consistency(snapshot); });
  if (!rows) {
    add("store", rows.error().message);
    return all;
  }
  for (const std::string& each : rows->problems) add("store", each);
  const auto keys = database_->read(key_problems);
  if (!keys) add("keys", keys.error().message);
  if (keys) all.insert(all.end(), keys->begin(), keys->end());
  for (const std::string& name : rows->blob_names) {
    const auto bytes = blobs_->get(name);
    if (!bytes) add("original", bytes.error().message);
  }
  const auto mismatches = indexer_->verify();
  if (!mismatches) add("indexes", mismatches.error().message);
  if (!mismatches) return all;
  for (const auto& each : *mismatches) {
    add("compartment " + std::to_string(each.label), each.what);
  }
  return all;
}

Status Node::works() {
  WY_RETURN_IF_ERROR(checkpointer_->health());
  WY_RETURN_IF_ERROR(write("search", "", [](store::Transaction&) -> Status { return Done{}; }));
  if (shipper_) WY_RETURN_IF_ERROR(ship());
  return index();
}

Result<backup::Shipper*> Node::shipper() {
  if (!shipper_) {
    backup::Shipper::Options options;
    options.data = layout_.data;
    WY_TRY(shipper_,
           backup::Shipper::open(*database_, clock_,
                                 backup::open_directory(backup_folder(layout_.data)), options));
  }
  return shipper_.get();
}

Status Node::back_up() {
  WY_TRY(backup::Shipper* const shipper, this->shipper());
  WY_RETURN_IF_ERROR(shipper->begin());
  ++backup_count_;
  return Done{};
}

Status Node::ship() {
  WY_TRY(backup::Shipper* const shipper, this->shipper());
  WY_RETURN_IF_ERROR(shipper->ship());
  ++backup_count_;
  return Done{};
}

}  // namespace wenyuan::crash
