#include "auth/break_glass.h"

#include <charconv>

#include "auth/identity/sessions.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kReasonCharactersMin = 10;
constexpr std::size_t kReasonSizeMax = 1024;
constexpr std::int64_t kOpenRequestsMax = 100;

// The columns of every query here.
#define WY_BREAK_GLASS_COLUMNS                                                              \
  "id, owner_id, collection_id, reason, duration_ms, requester_id, requester_name, "        \
  "requested_at, approver_id, approver_name, approved_at, expires_at, ended_at, ended_by, " \
  "(SELECT count(*) FROM break_glass_reads WHERE access_id = id)"

std::optional<UnixMillis> time_of(const store::Statement& statement, int at) {
  if (statement.is_null(at)) return std::nullopt;
  return statement.integer(at);
}

BreakGlass read_row(const store::Statement& statement) {
  BreakGlass row;
  row.id = statement.text(0);
  row.owner_id = statement.text(1);
  row.collection_id = statement.text(2);
  row.reason = statement.text(3);
  row.duration_ms = statement.integer(4);
  row.requester_id = statement.text(5);
  row.requester_name = statement.text(6);
  row.requested_at = statement.integer(7);
  row.approver_id = statement.text(8);
  row.approver_name = statement.text(9);
  row.approved_at = time_of(statement, 10);
  row.expires_at = time_of(statement, 11);
  row.ended_at = time_of(statement, 12);
  row.ended_by = statement.text(13);
  row.reads = statement.integer(14);
  return row;
}

bool is_strong_session(const Principal& principal) {
  return principal.second_factor && principal.key_id.starts_with(kSessionIdHead);
}

Status check_session(const Principal& actor) {
  if (is_strong_session(actor)) return Done{};
  return Error{ErrorCode::forbidden, "This needs a session that has shown a second factor"};
}

Status check_actor(const Principal& actor, bool has_duty, Duty duty) {
  WY_RETURN_IF_ERROR(check_session(actor));
  if (has_duty) return Done{};
  return Error{ErrorCode::forbidden, "This needs the duty " + std::string(name(duty))};
}

Error over(BreakGlassState state) {
  return {ErrorCode::conflict,
          "This is not to be changed any more: it is " + std::string(name(state))};
}

Status check_wanted(const BreakGlass& wanted) {
  if (!is_utf8(wanted.reason) || wanted.reason.size() > kReasonSizeMax ||
      code_point_count(trim(wanted.reason)) < kReasonCharactersMin) {
    return Error{ErrorCode::invalid_argument, "reason: expected 10 to 1024 characters"};
  }
  if (wanted.duration_ms < kBreakGlassMsMin || wanted.duration_ms > kBreakGlassMsMax) {
    return Error{ErrorCode::invalid_argument, "duration_seconds: expected a minute to 24 hours"};
  }
  return Done{};
}

Status check_room(store::Snapshot& snapshot, const std::string& requester_id, UnixMillis now) {
  WY_TRY(auto count, snapshot.prepare("SELECT count(*) FROM break_glass WHERE requester_id = ? AND "
                                      "approved_at IS NULL AND ended_at IS NULL AND "
                                      "requested_at > ?"));
  WY_RETURN_IF_ERROR(count.bind(1, requester_id).bind(2, now - kBreakGlassRequestMs).step());
  if (count.integer(0) < kOpenRequestsMax) return Done{};
  return Error{ErrorCode::conflict, "100 of your requests wait already; take some back first"};
}

// Whoever asked has to be somebody who could ask, still.
Status check_requester(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(const auto principal, current_principal(snapshot, id, ""));
  if (principal && principal->duties.has(Duty::break_glass_request)) return Done{};
  return Error{ErrorCode::conflict, "Whoever asked for this may not use it any more"};
}

Status check_collection(store::Snapshot& snapshot, const BreakGlass& row) {
  if (row.collection_id.empty()) return Done{};
  const auto found = store::collection(snapshot, row.collection_id);
  if (!found && found.error().code != ErrorCode::not_found) return found.error();
  if (found && found->kind == CollectionKind::personal && found->owner_id == row.owner_id) {
    return Done{};
  }
  return Error{ErrorCode::conflict, "This person has no such personal collection"};
}

Error not_in_force() { return {ErrorCode::forbidden, "You have no such access that is in force"}; }

// Cursors are the place of the last row seen, as a number.
Result<std::int64_t> number_of(const std::string& cursor) {
  std::int64_t number = INT64_MAX;
  if (cursor.empty()) return number;
  const auto read = std::from_chars(cursor.data(), cursor.data() + cursor.size(), number);
  if (read.ec == std::errc() && read.ptr == cursor.data() + cursor.size()) return number;
  return Error{ErrorCode::invalid_argument, "cursor: not one that we gave"};
}

}  // namespace

std::string_view name(BreakGlassState state) {
  switch (state) {
    case BreakGlassState::requested: return "requested";
    case BreakGlassState::lapsed: return "lapsed";
    case BreakGlassState::refused: return "refused";
    case BreakGlassState::active: return "active";
    case BreakGlassState::expired: return "expired";
    case BreakGlassState::ended: return "ended";
  }
  return "";
}

BreakGlassState BreakGlass::state(UnixMillis now) const {
  if (!approved_at) {
    if (ended_at) return BreakGlassState::refused;
    return now - requested_at < kBreakGlassRequestMs ? BreakGlassState::requested
                                                     : BreakGlassState::lapsed;
  }
  if (ended_at) return BreakGlassState::ended;
  return expires_at && now < *expires_at ? BreakGlassState::active : BreakGlassState::expired;
}

Result<BreakGlass> request_break_glass(store::Transaction& tx, const Principal& actor,
                                       const BreakGlass& wanted, UnixMillis now) {
  WY_RETURN_IF_ERROR(
      check_actor(actor, actor.may(Duty::break_glass_request), Duty::break_glass_request));
  WY_RETURN_IF_ERROR(check_wanted(wanted));
  WY_TRY(const auto owner, user_row(tx, wanted.owner_id));
  if (!owner) return Error{ErrorCode::not_found, "there is no such user"};
  if (wanted.owner_id == actor.user_id) {
    return Error{ErrorCode::invalid_argument, "user_id: these collections are your own"};
  }
  WY_RETURN_IF_ERROR(check_room(tx, actor.user_id, now));
  BreakGlass row = wanted;
  row.id = new_id("bgl");
  row.requester_id = actor.user_id;
  row.requester_name = actor.username;
  row.requested_at = now;
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO break_glass (id, owner_id, collection_id, reason, duration_ms, "
                    "requester_id, requester_name, requested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, row.id).bind(2, row.owner_id).bind(3, row.collection_id).bind(4, row.reason);
  insert.bind(5, row.duration_ms).bind(6, row.requester_id).bind(7, row.requester_name);
  WY_RETURN_IF_ERROR(insert.bind(8, now).run());
  return row;
}

Result<BreakGlass> approve_break_glass(store::Transaction& tx, const Principal& actor,
                                       const std::string& id, UnixMillis now) {
  WY_RETURN_IF_ERROR(
      check_actor(actor, actor.may(Duty::break_glass_approve), Duty::break_glass_approve));
  WY_TRY(BreakGlass row, break_glass(tx, id));
  if (row.state(now) != BreakGlassState::requested) return over(row.state(now));
  if (actor.user_id == row.requester_id) {
    return Error{ErrorCode::forbidden, "Somebody else has to approve what you have asked for"};
  }
  if (actor.user_id == row.owner_id) {
    return Error{ErrorCode::forbidden, "These collections are your own: share them instead"};
  }
  WY_TRY(const auto approver, user_row(tx, actor.user_id));
  if (!approver || approver->user.created_at >= row.requested_at) {
    return Error{ErrorCode::forbidden, "An account made since the request cannot approve it"};
  }
  WY_RETURN_IF_ERROR(check_requester(tx, row.requester_id));
  WY_RETURN_IF_ERROR(check_collection(tx, row));
  row.approver_id = actor.user_id;
  row.approver_name = actor.username;
  row.approved_at = now;
  row.expires_at = now + row.duration_ms;
  WY_TRY(auto update, tx.prepare("UPDATE break_glass SET approver_id = ?, approver_name = ?, "
                                 "approved_at = ?, expires_at = ? WHERE id = ?"));
  update.bind(1, row.approver_id).bind(2, row.approver_name).bind(3, now);
  WY_RETURN_IF_ERROR(update.bind(4, *row.expires_at).bind(5, id).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return row;
}

Result<BreakGlass> end_break_glass(store::Transaction& tx, const Principal& actor,
                                   const std::string& id, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_session(actor));
  WY_TRY(BreakGlass row, break_glass(tx, id));
  const bool asked = actor.user_id == row.requester_id && actor.may(Duty::break_glass_request);
  const bool approves = actor.may(Duty::break_glass_approve);
  WY_RETURN_IF_ERROR(check_actor(actor, asked || approves, Duty::break_glass_approve));
  if (actor.user_id == row.owner_id) {
    return Error{ErrorCode::forbidden, "Whose collections are read cannot end it"};
  }
  const BreakGlassState state = row.state(now);
  if (state != BreakGlassState::requested && state != BreakGlassState::active) return over(state);
  row.ended_at = now;
  row.ended_by = actor.user_id;
  WY_TRY(auto update, tx.prepare("UPDATE break_glass SET ended_at = ?, ended_by = ? WHERE id = ?"));
  WY_RETURN_IF_ERROR(update.bind(1, now).bind(2, row.ended_by).bind(3, id).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return row;
}

Result<BreakGlassUse> break_glass_in_force(store::Snapshot& snapshot, const Principal& principal,
                                           const std::string& id, UnixMillis now) {
  if (!is_strong_session(principal) || !principal.may(Duty::break_glass_request)) {
    return not_in_force();
  }
  const auto row = break_glass(snapshot, id);
  if (!row && row.error().code != ErrorCode::not_found) return row.error();
  if (!row || row->requester_id != principal.user_id ||
      row->state(now) != BreakGlassState::active) {
    return not_in_force();
  }
  return BreakGlassUse{row->id, row->owner_id, row->collection_id, *row->expires_at};
}

Status note_break_glass_read(store::Transaction& tx, const std::string& id,
                             const BreakGlassRead& read) {
  WY_TRY(auto insert, tx.prepare("INSERT INTO break_glass_reads (access_id, at, request, "
                                 "object_id, request_id) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, id).bind(2, read.at).bind(3, read.request).bind(4, read.object_id);
  return insert.bind(5, read.request_id).run();
}

Result<BreakGlass> break_glass(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT " WY_BREAK_GLASS_COLUMNS " FROM break_glass WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return Error{ErrorCode::not_found, "there is no such break-glass request"};
  return read_row(statement);
}

Result<store::Listing<BreakGlass>> break_glass_list(store::Snapshot& snapshot,
                                                    const BreakGlassFilter& filter,
                                                    const store::Page& page) {
  WY_TRY(const std::int64_t before, number_of(page.cursor));
  WY_TRY(auto statement,
         snapshot.prepare("SELECT " WY_BREAK_GLASS_COLUMNS ", number FROM break_glass WHERE "
                          "(?1 = '' OR owner_id = ?1) AND (?2 = '' OR requester_id = ?2) AND "
                          "(?3 = 0 OR approved_at IS NOT NULL) AND number < ?4 "
                          "ORDER BY number DESC LIMIT ?5"));
  statement.bind(1, filter.owner_id).bind(2, filter.requester_id).bind(3, filter.approved_only);
  statement.bind(4, before).bind(5, page.limit + 1);
  store::Listing<BreakGlass> listing;
  std::int64_t last = 0;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return listing;
    if (listing.items.size() == static_cast<std::size_t>(page.limit)) break;
    listing.items.push_back(read_row(statement));
    last = statement.integer(15);
  }
  listing.next_cursor = std::to_string(last);
  return listing;
}

Result<store::Listing<BreakGlassRead>> break_glass_reads(store::Snapshot& snapshot,
                                                         const std::string& id,
                                                         const store::Page& page) {
  WY_TRY(const std::int64_t before, number_of(page.cursor));
  WY_TRY(auto statement, snapshot.prepare("SELECT at, request, object_id, request_id, number FROM "
                                          "break_glass_reads WHERE access_id = ? AND number < ? "
                                          "ORDER BY number DESC LIMIT ?"));
  statement.bind(1, id).bind(2, before).bind(3, page.limit + 1);
  store::Listing<BreakGlassRead> listing;
  std::int64_t last = 0;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return listing;
    if (listing.items.size() == static_cast<std::size_t>(page.limit)) break;
    listing.items.push_back(
        {statement.integer(0), statement.text(1), statement.text(2), statement.text(3)});
    last = statement.integer(4);
  }
  listing.next_cursor = std::to_string(last);
  return listing;
}

}  // namespace wenyuan::auth
