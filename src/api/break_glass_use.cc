#include "api/break_glass_use.h"

#include "auth/break_glass.h"

namespace wenyuan::api {
namespace {

constexpr std::string_view kHeader = "Break-Glass";

bool only_reads_content(const Route& route) {
  if (route.method == "POST") return route.path == "/v1/search" || route.path == "/v1/ask";
  return route.method == "GET" &&
         (route.path == "/v1/collections" || route.path.starts_with("/v1/collections/") ||
          route.path.starts_with("/v1/documents/"));
}

auth::BreakGlassRead read_of(const Call& call, const Route& route) {
  auth::BreakGlassRead read;
  read.at = call.now;
  read.request = std::string(route.method) + " " + std::string(route.path);
  if (!call.request.parameters.empty()) {
    read.object_id = call.request.parameters.front().second.substr(0, 64);
  }
  read.request_id = call.request_id;
  return read;
}

}  // namespace

Status enter_break_glass(Call& call, const Route& route) {
  const std::string* header = call.request.headers.find(kHeader);
  if (header == nullptr) return Done{};
  if (!only_reads_content(route)) {
    return Error{ErrorCode::forbidden, "Break-glass opens nothing but reading"};
  }
  return call.write([&](store::Transaction& tx) -> Status {
    WY_TRY(auth::BreakGlassUse use,
           auth::break_glass_in_force(tx, call.principal, *header, call.now));
    WY_RETURN_IF_ERROR(auth::note_break_glass_read(tx, use.id, read_of(call, route)));
    call.note_object(use.id);
    call.note("break_glass", use.id);
    call.note("owner", use.owner_id);
    WY_RETURN_IF_ERROR(call.record_besides(tx, "break_glass.use"));
    call.principal.break_glass = std::move(use);
    return Done{};
  });
}

}  // namespace wenyuan::api
