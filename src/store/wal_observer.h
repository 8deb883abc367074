// Somebody who follows what is committed by reading the write-ahead log.
#pragma once

#include "base/document.h"

namespace wenyuan::store {

// Called by the writer thread, which serves everybody: both must be quick and must not throw.
class WalObserver {
 public:
  virtual ~WalObserver() = default;
  // After each COMMIT that wrote something, before its callers hear of it. The log has `frames`
  // frames now, the last of which ends this commit.
  virtual void committed(int frames, CommitNumber commit) = 0;
  // Before the log is moved into the file: it may begin anew afterwards.
  virtual void before_checkpoint() = 0;
};

}  // namespace wenyuan::store
