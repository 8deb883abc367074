// All that decisions look at besides the principal, as one epoch has it.
#pragma once

#include <memory>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/rules.h"
#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct AccessState {
  Epoch epoch = 0;
  std::vector<Label> labels;                  // by id
  std::vector<cedar::Entity> label_entities;  // of each of them
  // What a document without attributes of its own would be labelled with, for each collection; by
  // collection id. Their label ids are 0.
  std::vector<Label> collections;
  std::vector<cedar::Entity> collection_entities;
  Rules rules;

  const Label* label(LabelId id) const;                  // null: no such label
  const Label* collection(const std::string& id) const;  // null: no such collection
};

// `last` may be null; policies that it has are not read again.
Result<AccessState> load_access_state(store::Snapshot& snapshot, const PolicyLanguage& language,
                                      const AccessState* last);

}  // namespace wenyuan::auth
