// Brings the search indexes up to what the store has committed.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/era.h"
#include "base/result.h"
#include "index/compartments.h"
#include "store/database.h"

namespace wenyuan::ingest {

// Thread-safe. The store is the truth: the indexer reads its changes in commit order and applies
// them compartment by compartment.
class Indexer {
 public:
  // Vectors of other models than the compartments' are left out.
  Indexer(store::Database& database, index::Compartments& compartments);
  ~Indexer();

  // The one whose vectors are in the indexes, and by which texts are searched and ingested.
  index::VectorModel model() const;
  // From now on this one: all compartments are made anew, one after the other. A search that comes
  // in between waits for the ones that it needs.
  Status use_model(const index::VectorModel& model, std::stop_token stop);

  // Returns when the compartments show everything committed before the call. Cheap when nothing
  // is new; every search calls it first, one as of a moment for the past too.
  Status catch_up(std::span<const LabelId> labels, Era era = Era::present);
  // All compartments; at start.
  Status catch_up_all(std::stop_token stop);
  // Seals compartments that have changed much or long ago; called from a background thread.
  Status seal_changed(bool all);

  struct Mismatch {
    LabelId label = 0;
    Era era = Era::present;
    std::string what;
    std::string where() const;  // "compartment 3", "the past of compartment 3"
  };
  // Brings everything up to date and compares store and indexes id by id (`wenyuan verify`); when
  // `deep`, also word by word and number by number. Empty when they agree.
  Result<std::vector<Mismatch>> verify(bool deep = false);
  // Makes the compartment anew from the store, and seals it.
  Status rebuild(LabelId label, Era era = Era::present);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::ingest
