#include "store/erased_secrets.h"

#include <set>
#include <vector>

#include "base/log.h"
#include "store/connection.h"
#include "store/content_access.h"
#include "store/erasure.h"
#include "store/key_ring.h"
#include "store/labels.h"
#include "store/version_retention.h"

namespace wenyuan::store {
namespace {

struct Found {
  std::int64_t document_number = 0;
  std::int64_t version = 0;  // 0: the document itself
  SecretNumber secret = 0;
  bool is_newest = true;  // of the document's versions
};

// Documents before their versions, which go with them.
Result<std::vector<Found>> all_secrets(Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT number, 0 AS version, key_secret, 1 FROM documents UNION ALL "
                          "SELECT v.document, v.version, v.key_secret, v.version = d.version "
                          "FROM document_versions AS v JOIN documents AS d "
                          "ON d.number = v.document WHERE v.key_secret > 0 ORDER BY version"));
  std::vector<Found> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    all.push_back({statement.integer(0), statement.integer(1), statement.integer(2),
                   statement.integer(3) != 0});
  }
}

// Whose secrets were lost at the start before.
Result<std::set<std::int64_t>> lost_before(Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT each.value FROM meta, json_each(meta.value) "
                                          "AS each WHERE meta.name = 'lost'"));
  std::set<std::int64_t> numbers;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return numbers;
    numbers.insert(statement.integer(0));
  }
}

Status index_again(Transaction& tx, std::int64_t number) {
  std::string id;
  {
    WY_TRY(auto statement, tx.prepare("SELECT id FROM documents WHERE number = ?"));
    WY_TRY(const bool found, statement.bind(1, number).step());
    if (!found) return Done{};
    id = statement.text(0);
  }
  const auto row = load_document(tx, id);
  if (!row && is_erased(row.error())) return Done{};
  if (!row) return row.error();
  WY_RETURN_IF_ERROR(record_change(tx, *row, true));
  return record_past_changes(tx, *row, true);
}

// Indexes that were made meanwhile have nothing of what could not be read.
Status index_what_is_back(Database& database, const std::set<std::int64_t>& lost) {
  WY_TRY(const auto before, database.read(lost_before));
  if (before == lost) return Done{};
  return database.write([&](Transaction& tx) -> Status {
    for (const std::int64_t each : before) {
      if (!lost.contains(each)) WY_RETURN_IF_ERROR(index_again(tx, each));
    }
    WY_TRY(auto statement, tx.prepare("INSERT INTO meta (name, value) VALUES ('lost', ?) "
                                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
    const std::vector<std::int64_t> numbers(lost.begin(), lost.end());
    return statement.bind(1, json_list(numbers)).run();
  });
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

Result<std::int64_t> remove_keyless(Database& database) {
  WY_TRY(const ErasureSecrets* const secrets, database.keys().secrets());
  WY_TRY(const std::vector<Found> all,
         database.read([](Snapshot& snapshot) { return all_secrets(snapshot); }));
  std::vector<Found> keyless;
  std::set<std::int64_t> lost, unreadable;
  for (const Found& each : all) {
    WY_TRY(const SecretState state, secrets->state(each.secret));
    if (state == SecretState::destroyed) keyless.push_back(each);
    if (state != SecretState::lost) continue;
    lost.insert(each.document_number);
    if (each.is_newest) unreadable.insert(each.document_number);
  }
  WY_RETURN_IF_ERROR(index_what_is_back(database, lost));
  const auto lost_count = static_cast<std::int64_t>(unreadable.size());
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
