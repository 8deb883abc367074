#include "store/erased_secrets.h"

#include <vector>

#include "base/log.h"
#include "store/connection.h"
#include "store/erasure.h"
#include "store/key_ring.h"
#include "store/version_retention.h"

namespace wenyuan::store {
namespace {

struct Found {
  std::int64_t document_number = 0;
  std::int64_t version = 0;  // 0: the document itself
  SecretNumber secret = 0;
};

// Documents before their versions, which go with them.
Result<std::vector<Found>> all_secrets(Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT number, 0 AS version, key_secret FROM documents UNION ALL "
                          "SELECT document, version, key_secret FROM document_versions "
                          "WHERE key_secret > 0 ORDER BY version"));
  std::vector<Found> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    all.push_back({statement.integer(0), statement.integer(1), statement.integer(2)});
  }
}

}  // namespace

Status destroy_erased_secrets(Connection& connection, const KeyRing& keys) {
  std::vector<SecretNumber> numbers;
  {
    WY_TRY(auto statement, connection.prepare("SELECT number FROM secrets_to_destroy"));
    for (;;) {
      WY_TRY(const bool found, statement.step());
      if (!found) break;
      numbers.push_back(statement.integer(0));
    }
  }
  if (numbers.empty()) return Done{};
  WY_TRY(ErasureSecrets* const secrets, keys.secrets());
  WY_RETURN_IF_ERROR(secrets->destroy(numbers));
  return connection.execute("DELETE FROM secrets_to_destroy");
}

Result<std::vector<UnreadableDocument>> unreadable_documents(Snapshot& snapshot) {
  std::vector<UnreadableDocument> all;
  WY_TRY(const ErasureSecrets* const secrets, snapshot.keys().secrets());
  WY_TRY(auto statement,
         snapshot.prepare("SELECT d.number, d.id, d.key_secret, ifnull(v.key_secret, 0) "
                          "FROM documents AS d LEFT JOIN document_versions AS v "
                          "ON v.document = d.number AND v.version = d.version ORDER BY d.number"));
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    for (const SecretNumber each : {statement.integer(2), statement.integer(3)}) {
      if (each == 0) continue;
      WY_TRY(const SecretState state, secrets->state(each));
      if (state != SecretState::lost) continue;
      all.push_back({statement.integer(0), statement.text(1)});
      break;
    }
  }
}

Result<std::int64_t> remove_keyless(Database& database) {
  WY_TRY(const ErasureSecrets* const secrets, database.keys().secrets());
  WY_TRY(const std::vector<Found> all,
         database.read([](Snapshot& snapshot) { return all_secrets(snapshot); }));
  std::vector<Found> keyless;
  for (const Found& each : all) {
    WY_TRY(const bool destroyed, secrets->is_destroyed(each.secret));
    if (destroyed) keyless.push_back(each);
  }
  WY_TRY(const auto lost, database.read(unreadable_documents));
  const auto lost_count = static_cast<std::int64_t>(lost.size());
  if (lost_count > 0) log::error("store.documents_unreadable", {{"documents", lost_count}});
  if (keyless.empty()) return lost_count;
  log::warn("store.erased_documents_removed_again",
            {{"keys", static_cast<std::int64_t>(keyless.size())}});
  const Status removed = database.write([&](Transaction& tx) -> Status {
    for (const Found& each : keyless) {
      WY_RETURN_IF_ERROR(each.version == 0
                             ? erase_keyless(tx, each.document_number)
                             : drop_keyless_version(tx, each.document_number, each.version));
    }
    return Done{};
  });
  if (!removed) return removed.error();
  return lost_count;
}

}  // namespace wenyuan::store
