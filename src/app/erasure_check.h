// Looks for what a receipt says was erased.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/parts.h"
#include "audit/receipt.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::app {

struct ErasureCheck {
  audit::Receipt receipt;
  bool swept = false;                 // the server has said that derived files are clean
  std::vector<std::string> problems;  // one sentence each: what of it is still there; some of many
};

// corrupt when the note is no receipt of this store. Reads only; a server may be running. The index
// files are looked through in a copy. Of a collection's receipt all documents are looked for.
Result<ErasureCheck> check_erasure(const Layout& layout, store::Database& database,
                                   const std::string& note, const audit::VerifyingKey& key);

}  // namespace wenyuan::app
