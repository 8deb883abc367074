// Where checkpoints of the audit log go and how long its records are kept, as the settings say.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "audit/checkpoint.h"
#include "audit/retention.h"
#include "base/result.h"

namespace wenyuan::app {

// audit_sinks: "file:PATH", "syslog:SOCKET" or "https://…"; a text ending in " optional" names one
// that may be broken. invalid_argument names what it does not know.
Result<std::vector<audit::Checkpointer::Sink>> audit_sinks(const Config& config);

// audit_keep: "CLASS=DAYS".
Result<audit::Retention> audit_retention(const Config& config);

// What the log says of a start: the settings that matter, and no secret.
Attributes start_details(const Config& config);

}  // namespace wenyuan::app
