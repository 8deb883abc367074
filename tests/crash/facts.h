// Everything that the store says, as a list of sentences that two stores can be compared by.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace wenyuan::crash {

// By what they are about (a document, a user, …): a change of one thing is there as a whole or not.
using Facts = std::map<std::string, std::set<std::string>>;

Result<Facts> read_facts(store::Database& database);

// A sentence for each key that is gone though it is needed, or there though it was to be destroyed.
Result<std::vector<std::string>> key_problems(store::Snapshot& snapshot);

// What is different, for people; empty when nothing is.
std::string difference(const Facts& wanted, const Facts& found);

}  // namespace wenyuan::crash
