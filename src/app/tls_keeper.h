// Sees to it that a renewed certificate is taken up, and that one about to end is heard of.
#pragma once

#include <memory>
#include <optional>

#include "api/tls.h"
#include "app/keeper.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::app {

// Thread-safe. Looks at the files every half minute. What cannot be used is logged, and what was
// used before stays in use.
class TlsKeeper {
 public:
  // `clock` outlives it.
  static Result<std::unique_ptr<TlsKeeper>> open(const http::TlsOptions& options,
                                                 const Clock& clock);

  const http::Tls& tls() const { return *tls_; }
  // At once, changed or not.
  void reload();

 private:
  TlsKeeper(std::unique_ptr<http::Tls> tls, const Clock& clock);
  void look();
  void tell(const Status& status) const;

  const std::unique_ptr<http::Tls> tls_;
  const Clock& clock_;
  UnixMillis warned_at_ = 0;  // of the keeper's thread
  std::optional<Keeper> keeper_;
};

}  // namespace wenyuan::app
