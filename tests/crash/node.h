// The server's parts without HTTP, engine and threads of their own, opened as the server opens
// them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/parts.h"
#include "audit/checkpoint.h"
#include "audit/personal.h"
#include "auth/identities.h"
#include "auth/identity/sign_in.h"
#include "auth/policy_engine.h"
#include "backup/shipper.h"
#include "base/clock.h"
#include "base/result.h"
#include "ingest/indexer.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::crash {

constexpr const char* kModel = "made-up";
constexpr std::size_t kVectorSize = 8;

// One thread at a time, but for write().
class Node {
 public:
  // With an administrator, made at the first start.
  static Result<std::unique_ptr<Node>> open(const std::filesystem::path& data,
                                            const index::VectorModel& model = {kModel,
                                                                               kVectorSize});

  // Everything that `wenyuan verify` and `wenyuan audit verify` look at; a sentence for each thing
  // that is wrong.
  std::vector<std::string> problems();
  // Checks nothing deeply: that the parts still answer, and a change can still be made, and shipped
  // when shipping has begun.
  Status works();

  // A change and its record, in one transaction, as the administrator.
  Status write(const std::string& action, const std::string& object_id,
               const std::function<Status(store::Transaction&)>& work);
  Result<Permit> permit(store::Snapshot& snapshot, Action action);
  // Brings all indexes up to what is committed.
  Status index();

  store::Database& database() { return *database_; }
  const store::BlobStore& blobs() const { return *blobs_; }
  const auth::Identities& identities() const { return *identities_; }
  const auth::PolicyEngine& policies() const { return *policies_; }
  const audit::Vault& vault() const { return *vault_; }
  audit::Checkpointer& checkpointer() { return *checkpointer_; }
  index::Compartments& compartments() { return *compartments_; }
  ingest::Indexer& indexer() { return *indexer_; }
  const std::string& admin_id() const { return admin_id_; }
  UnixMillis now();

  // Backups go to a folder beside the data. A whole copy, or what was committed since.
  Status back_up();
  Status ship();
  // How often one of them was acknowledged.
  int backup_count() const { return backup_count_; }
  const app::Layout& layout() const { return layout_; }

 private:
  Node(std::filesystem::path data, index::VectorModel model)
      : layout_(std::move(data)), model_(std::move(model)) {}
  Status open_store();
  Status open_indexes();
  Status make_administrator();
  Result<backup::Shipper*> shipper();

  const app::Layout layout_;
  const index::VectorModel model_;
  const SystemClock clock_;
  std::unique_ptr<store::Database> database_;
  std::optional<store::BlobStore> blobs_;
  std::unique_ptr<auth::Identities> identities_;
  std::unique_ptr<auth::SignIn> sign_in_;
  std::optional<auth::PolicyEngine> policies_;
  std::unique_ptr<audit::Vault> vault_;
  std::unique_ptr<audit::Checkpointer> checkpointer_;
  std::unique_ptr<index::Compartments> compartments_;
  std::optional<ingest::Indexer> indexer_;
  std::string admin_id_;
  int backup_count_ = 0;
  std::unique_ptr<backup::Shipper> shipper_;  // made when it is first needed
};

// Where tests that write much put it: memory when there is a file system of it.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path data() const { return path_ / "data"; }

 private:
  std::filesystem::path path_;
};

}  // namespace wenyuan::crash
