#include "app/audit_setup.h"

#include <algorithm>
#include <charconv>

#include "api/outgoing_http.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

constexpr UnixMillis kDay = UnixMillis{24} * 60 * 60 * 1000;
constexpr std::int64_t kDaysMin = 1;
constexpr std::int64_t kDaysMax = 36'500;
constexpr std::string_view kOptional = " optional";

Error bad(std::string what) { return Error{ErrorCode::invalid_argument, std::move(what)}; }

// Sends each note as the body of a POST; only what the address names is asked.
class WebhookSink final : public audit::CheckpointSink {
 public:
  WebhookSink(std::string url, auth::EgressPolicy policy)
      : url_(std::move(url)), policy_(std::move(policy)), exchange_(api::OutgoingOptions{}) {}
  std::string name() const override { return "webhook " + url_; }
  Status take(const audit::Checkpoint& /*checkpoint*/, std::string_view note) override {
    if (!policy_.permits(url_)) return Error{ErrorCode::forbidden, "it may not be asked"};
    auth::OutgoingRequest request;
    request.method = "POST";
    request.url = url_;
    request.body = note;
    request.content_type = "text/plain; charset=utf-8";
    WY_TRY(const auth::OutgoingReply reply, exchange_.send(request));
    if (reply.status >= 200 && reply.status < 300) return Done{};
    return Error{ErrorCode::unavailable, "it answered " + std::to_string(reply.status)};
  }

 private:
  const std::string url_;
  const auth::EgressPolicy policy_;
  api::OutgoingHttp exchange_;
};

Result<std::unique_ptr<audit::CheckpointSink>> make_sink(const std::string& text) {
  const auto rest_of = [&](std::string_view head) { return text.substr(head.size()); };
  if (text.starts_with("file:/")) return audit::file_sink(rest_of("file:"));
  if (text.starts_with("syslog:/")) return audit::syslog_sink(rest_of("syslog:"));
  if (text.starts_with("https://") || text.starts_with("http://")) {
    WY_TRY(auth::EgressPolicy policy, auth::EgressPolicy::allow({text}));
    return std::unique_ptr<audit::CheckpointSink>(
        std::make_unique<WebhookSink>(text, std::move(policy)));
  }
  return bad("audit_sinks: " + text + " is not file:/PATH, syslog:/SOCKET or https://ADDRESS");
}

}  // namespace

Result<std::vector<audit::Checkpointer::Sink>> audit_sinks(const Config& config) {
  std::vector<audit::Checkpointer::Sink> sinks;
  for (std::string text : config.audit_sinks) {
    audit::Checkpointer::Sink sink;
    sink.required = !text.ends_with(kOptional);
    if (!sink.required) text.resize(text.size() - kOptional.size());
    WY_TRY(sink.sink, make_sink(text));
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

Result<audit::Retention> audit_retention(const Config& config) {
  audit::Retention retention;
  for (const std::string& text : config.audit_keep) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto& classes = audit::kRetentionClasses;
    std::int64_t days = 0;
    if (equals != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [rest, error] = std::from_chars(text.data() + equals + 1, end, days);
      if (error != std::errc() || rest != end) days = 0;
    }
    if (std::find(classes.begin(), classes.end(), name) == classes.end() || days < kDaysMin ||
        days > kDaysMax) {
      return bad("audit_keep: " + text +
                 " is not CLASS=DAYS with access, change, question or security");
    }
    retention[name] = days * kDay;
  }
  return retention;
}

void retire_records(store::Database& database, const audit::Retention& retention,
                    const Clock& clock, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto count = database.write(
        [&](store::Transaction& tx) { return audit::retire_next(tx, retention, clock.now()); });
    if (!count) log::error("audit.retire_failed", {{"why", count.error().message}});
    if (!count || *count == 0) return;
    log::info("audit.retired", {{"records", *count}});
  }
}

Attributes start_details(const Config& config) {
  // Long lists and paths go in as a hash: a change shows, and the record stays small.
  std::string all;
  for (const auto* list : {&config.access_attributes, &config.second_factor_roles,
                           &config.audit_sinks, &config.audit_keep}) {
    for (const std::string& each : *list) all += each + "\n";
    all += "\n";
  }
  if (const auto schema = auth::cedar::schema_text(config.attribute_kinds.attributes())) {
    all += *schema;
  }
  all += config.data.string() + "\n" + config.models.string();
  return {{"listen", config.listen_host + ":" + std::to_string(config.listen_port)},
          {"sandbox", config.sandbox},
          {"embedding_model", config.embedding_model},
          {"chat_model", config.chat_model},
          {"reranker_model", config.reranker_model},
          {"ingest_workers", std::int64_t{config.ingest_workers}},
          {"upload_bytes_max", config.upload_bytes_max},
          {"requests_per_second", std::to_string(config.requests_per_second)},
          {"settings_sha256", sha256_hex(all)}};
}

}  // namespace wenyuan::app
