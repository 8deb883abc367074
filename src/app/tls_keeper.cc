#include "app/tls_keeper.h"

#include "base/log.h"
#include "base/metrics.h"

namespace wenyuan::app {
namespace {

constexpr std::chrono::seconds kLookPeriod{30};
constexpr UnixMillis kDayMs = UnixMillis{24} * 60 * 60 * 1000;
constexpr UnixMillis kWarnMs = 14 * kDayMs;

}  // namespace

TlsKeeper::TlsKeeper(std::unique_ptr<http::Tls> tls, const Clock& clock)
    : tls_(std::move(tls)), clock_(clock) {}

Result<std::unique_ptr<TlsKeeper>> TlsKeeper::open(const http::TlsOptions& options,
                                                   const Clock& clock) {
  auto tls = http::Tls::open(options, clock.now());
  if (!tls) return within("TLS", tls.error());
  std::unique_ptr<TlsKeeper> made(  // NOLINT: private constructor
      new TlsKeeper(*std::move(tls), clock));
  made->look();
  made->keeper_.emplace(kLookPeriod, [keeper = made.get()] { keeper->look(); });
  return made;
}

void TlsKeeper::tell(const Status& status) const {
  if (status) {
    log::info("tls.reloaded", {{"expires_at", rfc3339(tls_->expires_at())}});
  } else {
    log::error("tls.not_reloaded", {{"why", status.error().message}});
  }
}

void TlsKeeper::reload() { tell(tls_->reload(clock_.now())); }

void TlsKeeper::look() {
  const UnixMillis now = clock_.now();
  const auto changed = tls_->reload_if_changed(now);
  if (!changed) {
    tell(changed.error());
  } else if (*changed) {
    tell(Done{});
  }
  const UnixMillis left = tls_->expires_at() - now;
  metrics::gauge("wenyuan_tls_certificate_expires_in_seconds",
                 "Time until the server's certificate ends")
      .set(static_cast<double>(left) / 1000);
  if (left > kWarnMs || now - warned_at_ < kDayMs) return;
  warned_at_ = now;
  log::warn("tls.certificate_ends", {{"expires_at", rfc3339(tls_->expires_at())}});
}

}  // namespace wenyuan::app
