#include "api/bucket_store.h"

#include "base/log.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kSavedMax = 10'000;

Status save_one(store::Transaction& tx, const std::string& who, double tokens, UnixMillis now) {
  WY_TRY(auto insert, tx.prepare("INSERT OR REPLACE INTO rate_buckets (who, tokens, saved_at) "
                                 "VALUES (?, ?, ?)"));
  return insert.bind(1, who).bind(2, tokens).bind(3, now).run();
}

Status load_all(store::Transaction& tx, const NamedLimiters& limiters, UnixMillis now) {
  const auto steady = RateLimiter::TimePoint::clock::now();
  WY_TRY(auto rows, tx.prepare("DELETE FROM rate_buckets RETURNING who, tokens, saved_at"));
  for (;;) {
    WY_TRY(const bool more, rows.step());
    if (!more) return Done{};
    const std::string saved = rows.text(0);
    const double ago = static_cast<double>(now - rows.integer(2)) / 1000;
    for (const auto& [name, limiter] : limiters) {
      const std::size_t size = name.size();
      if (!saved.starts_with(name) || saved.size() <= size || saved[size] != ' ') continue;
      limiter->restore(saved.substr(size + 1), rows.real(1), ago, steady);
    }
  }
}

}  // namespace

void save_buckets(store::Database& database, const NamedLimiters& limiters, UnixMillis now) {
  const auto steady = RateLimiter::TimePoint::clock::now();
  const Status saved = database.write([&](store::Transaction& tx) -> Status {
    std::size_t count = 0;
    for (const auto& [name, limiter] : limiters) {
      for (const auto& [who, tokens] : limiter->levels(steady)) {
        if (++count > kSavedMax) return Done{};
        std::string row(name);
        row += ' ';
        row += who;
        WY_RETURN_IF_ERROR(save_one(tx, row, tokens, now));
      }
    }
    return Done{};
  });
  if (!saved) log::warn("api.limits_not_saved", {{"why", saved.error().message}});
}

void load_buckets(store::Database& database, const NamedLimiters& limiters, UnixMillis now) {
  const Status loaded =
      database.write([&](store::Transaction& tx) -> Status { return load_all(tx, limiters, now); });
  if (!loaded) log::warn("api.limits_not_loaded", {{"why", loaded.error().message}});
}

}  // namespace wenyuan::api
