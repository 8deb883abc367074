#include "api/access.h"

#include <algorithm>

#include "base/log.h"
#include "store/blob_removal.h"

namespace wenyuan::api {
namespace {

Error hidden() { return {ErrorCode::not_found, "There is no such thing"}; }

}  // namespace

Result<Collection> visible_collection(Call& call, store::Snapshot& snapshot,
                                      const std::string& id) {
  WY_TRY(const auto visible, call.services.policies->visible_collections(snapshot, call.principal));
  if (!std::ranges::binary_search(visible, id)) return hidden();
  return store::collection(snapshot, id);
}

Status require_collection(Call& call, store::Snapshot& snapshot, const Permit& permit,
                          const std::string& id) {
  if (permit.covers_collection(id)) return Done{};
  WY_RETURN_IF_ERROR(visible_collection(call, snapshot, id));
  return Error{ErrorCode::forbidden, permit.action() == Action::manage
                                         ? "You may not manage this collection"
                                         : "You may not add to this collection"};
}

Result<Document> readable_document(Call& call, store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
  return store::document(snapshot, permit, id);
}

Error not_writable(Call& call, store::Snapshot& snapshot, const std::string& id,
                   const Error& error) {
  if (error.code != ErrorCode::not_found) return error;
  const auto readable = readable_document(call, snapshot, id);
  if (!readable) return readable.error();
  return {ErrorCode::forbidden, "You may not change this document"};
}

void remove_files(const Call& call, std::span<const std::string> sha256s) {
  const auto left = store::remove_blobs(*call.services.database, *call.services.blobs, sha256s);
  if (left) return;
  log::error("api.files_left",
             {{"request_id", call.request_id}, {"message", left.error().message}});
}

}  // namespace wenyuan::api
