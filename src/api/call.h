// One request on its way through a handler: who asks, what was found wrong, what is to be recorded.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/api.h"
#include "api/bucket_store.h"
#include "api/http_message.h"
#include "api/job_events.h"
#include "api/json.h"
#include "api/problem.h"
#include "api/rate_limiter.h"
#include "audit/log.h"

namespace wenyuan::api {

// What all requests share.
struct Shared {
  Shared(const Services& parts, const ApiOptions& settings)
      : services(parts),
        options(settings),
        limiter({settings.requests_per_second, settings.requests_burst}),
        user_limiter({4 * settings.requests_per_second, 4 * settings.requests_burst}) {}

  const Services services;
  const ApiOptions options;
  RateLimiter limiter;                                            // by key, session, or address
  RateLimiter user_limiter;                                       // by user, over all of their keys
  RateLimiter sign_in_limiter{{.per_second = 0.5, .burst = 60}};  // by address
  JobEvents job_events;

  // Under the names by which they are saved.
  NamedLimiters limiters() {
    return {{"key", &limiter}, {"user", &user_limiter}, {"sign-in", &sign_in_limiter}};
  }
};

class Call {
 public:
  Call(Shared& shared_state, http::Request& http_request, std::string id);

  Shared& shared;
  const Services& services;
  http::Request& request;
  const std::string request_id;
  const UnixMillis now;

  auth::Principal principal;  // of nobody until sign_in()
  FieldErrors field_errors;
  bool precondition_failed = false;
  bool storage_full = false;  // 507: what would add content has to wait
  // When a refusal for too many attempts ends, where that is not the request limit's to say.
  std::optional<std::chrono::seconds> retry_after;

  // --- who asks
  // unauthenticated without a valid key.
  Status sign_in();
  // Any at all, even one that proves wrong.
  bool has_credential() const;
  // Whether the one who asks is known by the page's cookie.
  bool by_cookie() const { return by_cookie_; }
  // forbidden without the duty, or with a key that may not be used for it.
  Status require(auth::Duty duty) const;
  // forbidden unless the credential that was shown has all of these scopes: what opens less neither
  // makes nor ends what opens more.
  Status require_scopes(const std::vector<std::string>& scopes) const;

  // --- the store, as the one who asks: their rights are looked at again when anything that access
  // depends on has changed since sign_in().
  template <class Work>
  auto read(Work work) -> std::invoke_result_t<Work, store::Snapshot&> {
    return services.database->read(
        [&](store::Snapshot& snapshot) -> std::invoke_result_t<Work, store::Snapshot&> {
          WY_RETURN_IF_ERROR(refresh(snapshot));
          return work(snapshot);
        });
  }
  template <class Work>
  auto write(Work work) -> std::invoke_result_t<Work, store::Transaction&> {
    return services.database->write(
        [&](store::Transaction& tx) -> std::invoke_result_t<Work, store::Transaction&> {
          WY_RETURN_IF_ERROR(refresh(tx));
          return work(tx);
        });
  }
  Result<Permit> permit(store::Snapshot& snapshot, Action action) {
    return services.policies->permit(snapshot, principal, action);
  }

  // --- the audit log
  // Adds to what the record of this request will say.
  void note(std::string name, AttributeValue value) {
    details_[std::move(name)] = std::move(value);
  }
  // The same for texts that somebody wrote or could be known by: sealed with the key of the one who
  // asks, or of `subjects`, so that erasing one of those erases the text.
  void note_personal(std::string name, std::string text, std::vector<std::string> subjects = {});
  void note_object(std::string id) { object_id_ = std::move(id); }
  // In the transaction of the act itself.
  Status record(store::Transaction& tx, std::string_view action,
                audit::Outcome outcome = audit::Outcome::allowed);
  // In one of its own, for what changes nothing. unavailable when it cannot be written.
  Status record(std::string_view action, audit::Outcome outcome = audit::Outcome::allowed);
  // A record beside that of the request itself.
  Status record_besides(store::Transaction& tx, std::string_view action);
  bool recorded() const { return recorded_; }
  // Of the last record: opaque, and tells nothing about others.
  const std::string& record_hash() const { return record_hash_; }

  // --- what models have read and written for this request: charged with its next record to the one
  // who asks, and to these collections
  void pay_with(std::vector<std::string> collections) { payers_ = std::move(collections); }
  void spend_tokens(std::int64_t tokens) { tokens_ += tokens; }

  // --- the body
  Result<JsonIn> json();
  // Bytes of the body as json() read them.
  const std::string& body() const { return body_; }

  // --- the query
  // A whole number in range, or `fallback` when absent; a wrong one goes to field_errors.
  std::int64_t query_integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                             std::int64_t max);
  std::string query_text(std::string_view name);
  // true, false, or `fallback` when absent; everything else goes to field_errors.
  bool query_flag(std::string_view name, bool fallback);
  store::Page page();

  // What is not of its declared kind goes to field_errors, for the member "attributes".
  void check_attributes(auth::AttributeOwner owner, const std::optional<Attributes>& attributes);

  // conflict (412) when If-Match is given and does not name `etag`.
  Status check_if_match(std::string_view etag);

 private:
  Status refresh(store::Snapshot& snapshot);
  Status authenticate(store::Snapshot& snapshot);
  Status charge(store::Transaction& tx);
  void become(auth::Principal found);
  Status prove_by_signature();
  Status prove_by_token();
  Status prove_by_certificate();
  Status take_cookie();
  Result<auth::Principal> principal_of_key(store::Snapshot& snapshot) const;

  std::string key_;  // as shown
  bool by_cookie_ = false;
  // Who was proven otherwise, and by what: a gateway's token, a signature, or a certificate.
  std::string proven_user_, proven_by_;
  Epoch epoch_ = 0;  // at which `principal` was true
  bool key_use_due_ = false;
  bool session_use_due_ = false;
  Attributes details_;
  std::vector<audit::Personal> personal_;
  std::string object_id_;
  std::vector<std::string> payers_;
  std::int64_t tokens_ = 0;
  std::string body_;
  bool recorded_ = false;
  std::string record_hash_;
};

// --- answers
http::Response json_response(int status, const Json& json);
http::Response no_content();
// With an ETag of the bytes; 304 when the client has them.
http::Response tagged_response(const Call& call, const Json& json);
std::string etag_of(std::string_view text);
template <class Items, class Convert>
Json list_json(const Items& items, const std::string& next_cursor, Convert convert) {
  Json json;
  json["data"] = Json::array();
  for (const auto& item : items) json["data"].push_back(convert(item));
  json["next_cursor"] = next_cursor.empty() ? Json(nullptr) : Json(next_cursor);
  return json;
}

// --- routes
enum class Access { open, signed_in };
enum class Body { none, json, upload, pack };

struct Route {
  std::string_view method;
  std::string_view path;
  Result<http::Response> (*handler)(Call&);
  // What a successful request is called in the audit log, when the handler records nothing itself.
  // Empty: it is not recorded (health, static files).
  std::string_view action = {};
  // The scope that a key needs; empty: any.
  std::string_view scope = {};
  Body body = Body::none;
  Access access = Access::signed_in;
  ErrorStyle style = ErrorStyle::problem;
};

std::span<const Route> ask_routes();
std::span<const Route> audit_routes();
std::span<const Route> backup_routes();
std::span<const Route> break_glass_routes();
std::span<const Route> collection_routes();
std::span<const Route> document_routes();
std::span<const Route> grant_routes();
std::span<const Route> group_routes();
std::span<const Route> job_routes();
std::span<const Route> key_routes();
std::span<const Route> master_key_routes();
std::span<const Route> openai_routes();
std::span<const Route> pack_routes();
std::span<const Route> quota_routes();
std::span<const Route> rerank_routes();
std::span<const Route> policy_file_routes();
std::span<const Route> policy_link_routes();
std::span<const Route> policy_question_routes();
std::span<const Route> policy_routes();
std::span<const Route> request_key_routes();
std::span<const Route> role_routes();
std::span<const Route> search_routes();
std::span<const Route> second_factor_routes();
std::span<const Route> session_routes();
std::span<const Route> sso_routes();
std::span<const Route> system_routes();
std::span<const Route> upload_routes();
std::span<const Route> user_routes();
// All of the above: what schema/openapi.yaml describes.
std::vector<Route> contract_routes();
// The page; not part of the contract.
std::vector<Route> web_routes();

}  // namespace wenyuan::api
