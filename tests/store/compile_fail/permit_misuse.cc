// Must compile when WY_CASE is 0 and must not for each other case; tests/store/CMakeLists.txt tries
// them all.
#include <span>
#include <type_traits>
#include <utility>

#include "store/content_store.h"

namespace wenyuan {

Result<std::vector<Chunk>> read_chunks(store::Snapshot& snapshot, Permit permit,
                                       std::span<const ChunkId> ids) {
#if WY_CASE == 0
  const Permit moved = std::move(permit);
  return store::chunks_by_id(snapshot, moved, ids);
#elif WY_CASE == 1  // made by somebody who is not the policy engine
  const Permit made("usr_a", Action::read, Epoch{1}, {}, {});
  return store::chunks_by_id(snapshot, made, ids);
#elif WY_CASE == 2  // kept a copy of
  const Permit copy = permit;
  return store::chunks_by_id(snapshot, copy, ids);
#elif WY_CASE == 3  // forgotten
  return store::chunks_by_id(snapshot, ids);
#elif WY_CASE == 4  // made from nothing
  return store::chunks_by_id(snapshot, {}, ids);
#elif WY_CASE == 5  // a result that nobody looks at
  store::chunks_by_id(snapshot, permit, ids);
  return std::vector<Chunk>();
#endif
}

}  // namespace wenyuan
