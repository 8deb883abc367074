// Break-glass: reading somebody's personal collections, by two named people and for a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

inline constexpr UnixMillis kBreakGlassMsMin = UnixMillis{60} * 1000;
inline constexpr UnixMillis kBreakGlassMsMax = UnixMillis{24} * 60 * 60 * 1000;
// A request that nobody has approved by then is void.
inline constexpr UnixMillis kBreakGlassRequestMs = UnixMillis{24} * 60 * 60 * 1000;

enum class BreakGlassState {
  requested,
  lapsed,   // nobody approved it in time
  refused,  // or taken back
  active,
  expired,
  ended,  // before its time
};
std::string_view name(BreakGlassState state);

struct BreakGlass {
  std::string id;             // bgl_…
  std::string owner_id;       // whose personal collections
  std::string collection_id;  // one of them; empty: all that they have and make
  std::string reason;
  UnixMillis duration_ms = 0;  // from the approval on
  std::string requester_id, requester_name;
  UnixMillis requested_at = 0;
  std::string approver_id{}, approver_name{};  // empty before the approval
  std::optional<UnixMillis> approved_at{}, expires_at{}, ended_at{};
  std::string ended_by{};  // a user
  std::int64_t reads = 0;  // requests that were made under it

  BreakGlassState state(UnixMillis now) const;
};

// --- the way of a request. All of these want a session that has shown a second factor, and a duty;
// forbidden says which. What they write stays: no row of these tables is ever removed.

// Needs Duty::break_glass_request. not_found when there is no such user; invalid_argument names the
// field. Whether the collection is one of theirs is not said before the approval.
Result<BreakGlass> request_break_glass(store::Transaction& tx, const Principal& actor,
                                       const BreakGlass& wanted, UnixMillis now);
// Needs Duty::break_glass_approve, of somebody who neither asked nor is the owner, and whose
// account is older than the request. Raises the epoch. conflict when it is not waiting any more,
// when the one who asked has lost the duty, or the collection is no personal one of the owner's.
Result<BreakGlass> approve_break_glass(store::Transaction& tx, const Principal& actor,
                                       const std::string& id, UnixMillis now);
// Takes back, refuses or ends, by who asked or by holders of Duty::break_glass_approve, but not by
// the owner. Raises the epoch, so permits made under it end. conflict when it is over already.
Result<BreakGlass> end_break_glass(store::Transaction& tx, const Principal& actor,
                                   const std::string& id, UnixMillis now);

// --- using it

// What this principal may read under it now; forbidden, always in the same words, when it is not
// theirs, does not exist, is not in force, or the principal is not whom a request needs.
Result<BreakGlassUse> break_glass_in_force(store::Snapshot& snapshot, const Principal& principal,
                                           const std::string& id, UnixMillis now);
struct BreakGlassRead {
  UnixMillis at = 0;
  std::string request;    // "GET /v1/documents/{id}"
  std::string object_id;  // what it names, if anything
  std::string request_id;
};
Status note_break_glass_read(store::Transaction& tx, const std::string& id,
                             const BreakGlassRead& read);

// --- looking at it; the newest first

struct BreakGlassFilter {
  std::string owner_id{}, requester_id{};  // empty: any
  bool approved_only = false;
};
Result<BreakGlass> break_glass(store::Snapshot& snapshot, const std::string& id);
Result<store::Listing<BreakGlass>> break_glass_list(store::Snapshot& snapshot,
                                                    const BreakGlassFilter& filter,
                                                    const store::Page& page);
Result<store::Listing<BreakGlassRead>> break_glass_reads(store::Snapshot& snapshot,
                                                         const std::string& id,
                                                         const store::Page& page);

}  // namespace wenyuan::auth
