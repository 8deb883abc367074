// Makes permits for tests of store and index, without the real policy engine.
//
// Only auth::PolicyEngine may make a permit, so this class takes its name. It may be included only
// in test programs that do not link wenyuan_auth: two classes of one name in one program are an
// error that no linker reports.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/permit.h"

namespace wenyuan::auth {

class PolicyEngine {
 public:
  static Permit make(std::string principal_id, Action action, Epoch epoch,
                     std::vector<LabelId> labels, std::vector<std::string> collections = {}) {
    std::sort(labels.begin(), labels.end());
    std::sort(collections.begin(), collections.end());
    return Permit(std::move(principal_id), action, epoch, std::move(labels),
                  std::move(collections));
  }
};

}  // namespace wenyuan::auth
