// A record as JSON that people and other programs read; always the same text for the same record.
#pragma once

#include <string>

#include "audit/personal.h"
#include "audit/record.h"

namespace wenyuan::audit {

// One object without line breaks. `opened` gives its personal texts.
std::string record_json(const Record& record, const Opened& opened = {});

// The same as an event of the Open Cybersecurity Schema Framework 1.3, without the braces around
// it: Authentication (3002), Account Change (3001), User Access Management (3005), Group Management
// (3006) or API Activity (6003). raw_data holds record_json().
std::string ocsf_members(const Record& record, const Opened& opened = {});

}  // namespace wenyuan::audit
