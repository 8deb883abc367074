#include "api/api.h"

#include <algorithm>
#include <chrono>

#include "api/break_glass_use.h"
#include "api/bucket_store.h"
#include "api/call.h"
#include "auth/identity/quotas.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"

namespace wenyuan::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A pack may be as large as so many of the largest uploads.
constexpr std::size_t kPackUploads = 64;
// Room is made by people.
constexpr std::chrono::seconds kDiskRetry{30};

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string request_id_of(const http::Request& request) {
  const std::string* given = request.headers.find("X-Request-Id");
  return given != nullptr && is_request_id(*given) ? *given : new_id("req");
}

// Paths that clients of OpenAI's API use, for errors that come before any route is known.
ErrorStyle style_of(std::string_view path) {
  for (const std::string_view prefix :
       {"/v1/chat/", "/v1/completions", "/v1/embeddings", "/v1/models"}) {
    if (path.starts_with(prefix)) return ErrorStyle::openai;
  }
  return ErrorStyle::problem;
}

void set_common_headers(http::Response& response, const std::string& request_id,
                        std::chrono::seconds hsts) {
  response.headers.set("X-Request-Id", request_id);
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (hsts.count() > 0) {
    response.headers.set("Strict-Transport-Security", "max-age=" + std::to_string(hsts.count()));
  }
}

void set_rate_headers(http::Response& response, const RateLimiter::Verdict& verdict) {
  response.headers.set("RateLimit-Limit", std::to_string(verdict.limit));
  response.headers.set("RateLimit-Remaining", std::to_string(verdict.remaining));
  response.headers.set("RateLimit-Reset", std::to_string(verdict.full_in.count()));
}

// Counts the request and writes its line. Called when the whole answer is out.
struct Finish {
  std::string_view method, route;
  std::string request_id, user_id;
  SteadyClock::time_point start;

  void operator()(int status) const {
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    const std::string method_text(method), route_text(route);
    metrics::counter(
        "wenyuan_http_requests_total", "HTTP requests answered",
        {{"method", method_text}, {"route", route_text}, {"status", std::to_string(status)}})
        .add();
    metrics::histogram("wenyuan_http_request_duration_seconds",
                       "Time from a request's head to the end of its answer",
                       {{"method", method_text}, {"route", route_text}})
        .observe(seconds);
    log::info("http.request", {{"request_id", request_id},
                               {"user_id", user_id},
                               {"method", method_text},
                               {"route", route_text},
                               {"status", status},
                               {"ms", static_cast<std::int64_t>(seconds * 1000)}});
  }
};

std::string first_parameter(const http::Request& request) {
  if (request.parameters.empty()) return {};
  const std::string& id = request.parameters.front().second;
  return id.size() <= 64 ? id : std::string();
}

// What makes the store grow. Rights, users and keys are small, and taking a right away must not
// wait for a disk; deleting makes room.
bool adds_content(const Route& route) {
  if (route.method == "GET" || route.method == "DELETE") return false;
  return route.scope == "documents:write" || route.path.starts_with("/v1/collections");
}

bool is_refusal(ErrorCode code) {
  return code == ErrorCode::unauthenticated || code == ErrorCode::forbidden ||
         code == ErrorCode::not_found;
}

// Signs in, counts against the limit, runs the handler, and sees to it that the log has it.
class Exchange {
 public:
  Exchange(Shared& shared, const Route& route, http::Request& request)
      : shared_(shared), route_(route), call_(shared, request, request_id_of(request)) {}

  http::Response run() {
    const Finish finish_later{route_.method, route_.path, call_.request_id, {}, start_};
    auto result = answer();
    http::Response response = result ? *std::move(result) : refuse(result.error());
    set_common_headers(response, call_.request_id, shared_.options.hsts);
    set_rate_headers(response, verdict_);
    set_day_headers(response);
    Finish finish = finish_later;
    finish.user_id = call_.principal.user_id;
    if (!response.stream) {
      finish(response.status);
      return response;
    }
    response.stream = [finish, status = response.status,
                       stream = std::move(response.stream)](http::BodyWriter& writer) {
      stream(writer);
      finish(status);
    };
    return response;
  }

 private:
  Result<http::Response> answer() {
    // No audit, no answer. What is open and changes nothing goes on, so that it can be said.
    if (route_.access == Access::signed_in || route_.method != "GET") {
      WY_RETURN_IF_ERROR(shared_.services.checkpointer->health());
    }
    if (route_.access == Access::signed_in) {
      WY_RETURN_IF_ERROR(call_.sign_in());
    } else if (call_.has_credential()) {
      // An open route may tell more to somebody it knows.
      static_cast<void>(call_.sign_in());
    }
    WY_RETURN_IF_ERROR(take_token(route_.access == Access::open ? "open:" : "address:"));
    if (!route_.scope.empty() && !call_.principal.has_scope(route_.scope)) {
      return Error{ErrorCode::forbidden,
                   "This key does not have the scope " + std::string(route_.scope)};
    }
    WY_RETURN_IF_ERROR(enter_break_glass(call_, route_));
    if (route_.scope == "ask") WY_RETURN_IF_ERROR(take_question());
    if (adds_content(route_)) WY_RETURN_IF_ERROR(check_disk());
    WY_TRY(http::Response response, route_.handler(call_));
    if (!call_.recorded() && !route_.action.empty()) {
      WY_RETURN_IF_ERROR(call_.record(route_.action));
    }
    return response;
  }

  Status check_disk() {
    if (!shared_.options.disk_ready) return Done{};
    Status ready = shared_.options.disk_ready();
    call_.storage_full = !ready;
    return ready;
  }

  // Where the day's questions are limited; otherwise nothing is written.
  Status take_question() {
    const std::string& user_id = call_.principal.user_id;
    WY_TRY(const auth::Quota limits,
           call_.read([&](store::Snapshot& snapshot) { return auth::quota(snapshot, user_id); }));
    if (!limits.questions_per_day && !limits.tokens_per_day) return Done{};
    const Status counted = call_.write([&](store::Transaction& tx) -> Status {
      return auth::count_question(tx, user_id, call_.now);
    });
    if (!counted && counted.error().code == ErrorCode::rate_limited) {
      call_.retry_after = std::chrono::seconds(auth::until_tomorrow(call_.now) / 1000 + 1);
    }
    day_ = limits;
    return counted;
  }

  // What the day's limits of the one who asks are, and what is left of them before this answer.
  void set_day_headers(http::Response& response) {
    if (day_ == auth::Quota{}) return;
    const auto used = shared_.services.database->read([&](store::Snapshot& snapshot) {
      return auth::usage(snapshot, call_.principal.user_id, call_.now);
    });
    if (!used) return;
    std::string policy, left;
    const auto add = [&](std::string_view what, const std::optional<std::int64_t>& limit,
                         std::int64_t spent) {
      if (!limit) return;
      const std::string quoted = (policy.empty() ? "\"" : ", \"") + std::string(what) + "\"";
      policy += quoted + ";q=" + std::to_string(*limit) + ";w=86400";
      left += quoted + ";r=" + std::to_string(std::max<std::int64_t>(*limit - spent, 0)) +
              ";t=" + std::to_string(auth::until_tomorrow(call_.now) / 1000 + 1);
    };
    add("questions", day_.questions_per_day, used->questions_today);
    add("tokens", day_.tokens_per_day, used->tokens_today);
    response.headers.set("RateLimit-Policy", policy);
    response.headers.set("RateLimit", left);
  }

  // `kind` keeps page and health checks apart from those who try keys at the same address.
  Status take_token(const std::string& kind) {
    const std::string who = call_.principal.user_id.empty()
                                ? kind + call_.request.remote_address
                                : "key:" + call_.principal.user_id + " " + call_.principal.key_id;
    verdict_ = shared_.limiter.take(who, SteadyClock::now());
    if (verdict_.allowed && !call_.principal.user_id.empty()) {
      // However many keys and sessions somebody has.
      const auto all = shared_.user_limiter.take(call_.principal.user_id, SteadyClock::now());
      if (!all.allowed) verdict_ = all;
    }
    if (verdict_.allowed || route_.access == Access::open) return Done{};
    return Error{ErrorCode::rate_limited, "Too many requests: slow down"};
  }

  http::Response refuse(const Error& cause) {
    Error error = cause;
    // Somebody who tries keys pays from the bucket of their address.
    if (error.code == ErrorCode::unauthenticated) {
      if (const Status status = take_token("address:"); !status) error = status.error();
    }
    if (is_refusal(error.code)) {
      call_.note_object(first_parameter(call_.request));
      call_.note("route", std::string(route_.path));
      call_.note("code", std::string(name(error.code)));
      if (const Status status = call_.record("refuse", audit::Outcome::refused); !status) {
        error = status.error();
      }
    }
    log_failure(error);
    Problem problem = to_problem(error, std::move(call_.field_errors), call_.precondition_failed);
    if (call_.storage_full) {
      problem.status = 507;
      problem.retry_after = kDiskRetry;
    }
    if (error.code == ErrorCode::rate_limited) {
      problem.retry_after =
          std::max(call_.retry_after.value_or(verdict_.retry_in), std::chrono::seconds(1));
    }
    return to_response(problem, call_.request_id, route_.style);
  }

  void log_failure(const Error& error) const {
    if (error.code != ErrorCode::internal && error.code != ErrorCode::corrupt) return;
    log::error("http.failed", {{"request_id", call_.request_id},
                               {"route", route_.path},
                               {"code", name(error.code)},
                               {"message", error.message}});
  }

  Shared& shared_;
  const Route& route_;
  const SteadyClock::time_point start_ = SteadyClock::now();
  Call call_;
  RateLimiter::Verdict verdict_;
  auth::Quota day_;  // where questions or tokens are limited
};

}  // namespace

std::vector<Route> contract_routes() {
  std::vector<Route> routes;
  for (const auto& some :
       {ask_routes(),        audit_routes(),       backup_routes(),        break_glass_routes(),
        collection_routes(), document_routes(),    grant_routes(),         group_routes(),
        job_routes(),        key_routes(),         master_key_routes(),    openai_routes(),
        pack_routes(),       policy_file_routes(), policy_link_routes(),   policy_question_routes(),
        policy_routes(),     quota_routes(),       rerank_routes(),        request_key_routes(),
        role_routes(),       search_routes(),      second_factor_routes(), session_routes(),
        sso_routes(),        system_routes(),      upload_routes(),        user_routes()}) {
    routes.insert(routes.end(), some.begin(), some.end());
  }
  return routes;
}

struct Api::Impl {
  Impl(const Services& services, const ApiOptions& options) : shared(services, options) {}

  std::size_t body_bytes_max(Body body) const {
    switch (body) {
      case Body::none: return 0;
      case Body::json: return kJsonBytesMax;
      // Several files, their headers and boundaries may come in one request.
      case Body::upload:
        return static_cast<std::size_t>(shared.options.upload_bytes_max) + kJsonBytesMax;
      case Body::pack:
        return kPackUploads * static_cast<std::size_t>(shared.options.upload_bytes_max);
    }
    return 0;
  }

  Shared shared;
  std::vector<Route> routes;  // referred to by the server's handlers
};

Api::Api(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Api::~Api() {
  impl_->shared.services.jobs->on_progress(nullptr);
  Shared& shared = impl_->shared;
  save_buckets(*shared.services.database, shared.limiters(), shared.services.clock->now());
}

Result<std::unique_ptr<Api>> Api::create(const Services& services, const ApiOptions& options,
                                         http::Server& server) {
  if (options.requests_per_second <= 0 || options.requests_burst < 1 ||
      options.upload_bytes_max <= 0) {
    return Error{ErrorCode::invalid_argument, "The limits of the API must be above zero"};
  }
  auto impl = std::make_unique<Impl>(services, options);
  load_buckets(*services.database, impl->shared.limiters(), services.clock->now());
  impl->routes = contract_routes();
  const std::vector<Route> web = web_routes();
  impl->routes.insert(impl->routes.end(), web.begin(), web.end());
  for (const Route& route : impl->routes) {
    server.add(route.method, route.path, impl->body_bytes_max(route.body),
               [&shared = impl->shared, &route](http::Request& request) {
                 return Exchange(shared, route, request).run();
               });
  }
  server.on_error([hsts = options.hsts](const http::Request& request, int status,
                                        std::string_view detail) {
    const std::string request_id = request_id_of(request);
    http::Response response =
        to_response(to_problem(status, std::string(detail)), request_id, style_of(request.path));
    set_common_headers(response, request_id, hsts);
    Finish{"other", "other", request_id, {}, SteadyClock::now()}(status);
    return response;
  });
  services.jobs->on_progress(
      [&events = impl->shared.job_events](const Job& job) { events.publish(job); });
  return std::unique_ptr<Api>(new Api(std::move(impl)));
}

}  // namespace wenyuan::api
