// What the routes of the audit log have in common.
#pragma once

#include <optional>
#include <string>

#include "api/call.h"
#include "audit/log.h"

namespace wenyuan::api {

// Auditors read the log, and administrators read it without personal texts.
Status require_audit_reader(const Call& call, bool personal);

// actor_id, action, object_id, request_id, class, outcome, after, before.
audit::Query read_audit_filter(Call& call);

// With its personal texts when `opened` is given.
Json audit_json(const audit::Record& record, const audit::Opened* opened);

Result<http::Response> export_audit(Call& call);

}  // namespace wenyuan::api
