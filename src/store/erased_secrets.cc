#include "store/erased_secrets.h"

#include <vector>

#include "base/log.h"
#include "store/connection.h"
#include "store/erasure.h"
#include "store/key_ring.h"

namespace wenyuan::store {
namespace {

struct Found {
  std::int64_t document_number = 0;
  SecretNumber secret = 0;
};

Result<std::vector<Found>> all_secrets(Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT number, key_secret FROM documents"));
  std::vector<Found> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    all.push_back({statement.integer(0), statement.integer(1)});
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

Status remove_keyless(Database& database) {
  WY_TRY(const ErasureSecrets* const secrets, database.keys().secrets());
  WY_TRY(const std::vector<Found> all,
         database.read([](Snapshot& snapshot) { return all_secrets(snapshot); }));
  std::vector<std::int64_t> keyless;
  for (const Found& each : all) {
    WY_TRY(const bool destroyed, secrets->is_destroyed(each.secret));
    if (destroyed) keyless.push_back(each.document_number);
  }
  if (keyless.empty()) return Done{};
  log::warn("store.erased_documents_removed_again",
            {{"documents", static_cast<std::int64_t>(keyless.size())}});
  return database.write([&](Transaction& tx) -> Status {
    for (const std::int64_t number : keyless) WY_RETURN_IF_ERROR(erase_keyless(tx, number));
    return Done{};
  });
}

}  // namespace wenyuan::store
