#include "base/text.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kNameSizeMax = 512;

Status check_collection(const Collection& collection) {
  if (collection.name.empty() || collection.name.size() > kNameSizeMax ||
      !is_utf8(collection.name)) {
    return Error{ErrorCode::invalid_argument, "a collection's name is 1 to 512 bytes of UTF-8"};
  }
  return check_attributes(collection.attributes);
}

constexpr const char* kSelect =
    "SELECT id, name, kind, owner_id, attributes, created_at, updated_at FROM collections ";

Result<Collection> read_collection(const Statement& statement) {
  Collection collection;
  collection.id = statement.text(0);
  collection.name = statement.text(1);
  const auto kind = collection_kind(statement.text(2));
  if (!kind) return Error{ErrorCode::corrupt, "a collection has an unknown kind"};
  collection.kind = *kind;
  collection.owner_id = statement.text(3);
  WY_TRY(collection.attributes, decode_attributes(statement.text(4)));
  collection.created_at = statement.integer(5);
  collection.updated_at = statement.integer(6);
  return collection;
}

}  // namespace

Status add_collection(Transaction& tx, const Collection& collection) {
  WY_RETURN_IF_ERROR(check_collection(collection));
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO collections (id, name, kind, owner_id, attributes, created_at, "
                    "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  WY_RETURN_IF_ERROR(statement.bind(1, collection.id)
                         .bind(2, collection.name)
                         .bind(3, name(collection.kind))
                         .bind(4, collection.owner_id)
                         .bind(5, encode_attributes(collection.attributes))
                         .bind(6, collection.created_at)
                         .bind(7, collection.updated_at)
                         .run());
  return tx.raise_epoch();
}

Status update_collection(Transaction& tx, const Permit& permit, const Collection& collection,
                         const AccessAttributes& access) {
  WY_RETURN_IF_ERROR(check_managing(tx, permit));
  if (!permit.covers_collection(collection.id)) return no_such_collection();
  WY_RETURN_IF_ERROR(check_collection(collection));
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(auto statement,
         tx.prepare("UPDATE collections SET name = ?2, kind = ?3, owner_id = ?4, attributes = ?5, "
                    "updated_at = ?6 WHERE id = ?1 RETURNING 1"));
  WY_TRY(const bool found, statement.bind(1, collection.id)
                               .bind(2, collection.name)
                               .bind(3, name(collection.kind))
                               .bind(4, collection.owner_id)
                               .bind(5, encode_attributes(collection.attributes))
                               .bind(6, collection.updated_at)
                               .step());
  if (!found) return no_such_collection();
  statement.reset();
  WY_RETURN_IF_ERROR(relabel_collection(tx, collection, access));
  return tx.raise_epoch();
}

Result<Collection> collection(Snapshot& snapshot, const std::string& id) {
  static const std::string sql = std::string(kSelect) + "WHERE id = ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return no_such_collection();
  return read_collection(statement);
}

Result<std::vector<Collection>> collections(Snapshot& snapshot) {
  static const std::string sql = std::string(kSelect) + "ORDER BY number";
  WY_TRY(auto statement, snapshot.prepare(sql));
  std::vector<Collection> all;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return all;
    WY_TRY(Collection each, read_collection(statement));
    all.push_back(std::move(each));
  }
}

}  // namespace wenyuan::store
