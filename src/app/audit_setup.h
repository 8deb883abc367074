// Where checkpoints of the audit log go and how long its records are kept, as the settings say.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "app/config.h"
#include "audit/checkpoint.h"
#include "audit/retention.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::app {

// audit_sinks: "file:PATH", "syslog:SOCKET" or "https://…"; a text ending in " optional" names one
// that may be broken. invalid_argument names what it does not know.
Result<std::vector<audit::Checkpointer::Sink>> audit_sinks(const Config& config);

// audit_keep: "CLASS=DAYS".
Result<audit::Retention> audit_retention(const Config& config);

// Seals away what has been kept for long enough. An error is logged and leaves it for the next
// time.
void retire_records(store::Database& database, const audit::Retention& retention,
                    const Clock& clock, const std::stop_token& stop);

// What the log says of a start: the settings that matter, and no secret.
Attributes start_details(const Config& config);

}  // namespace wenyuan::app
