// wenyuan standby: follows a backup and says how far it has come.
#include <nlohmann/json.hpp>
#include <signal.h>

#include <iostream>
#include <mutex>

#include "api/http_server.h"
#include "app/command.h"
#include "app/command_config.h"
#include "app/keeper.h"
#include "app/s3_config.h"
#include "backup/replica.h"
#include "base/clock.h"
#include "base/log.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

struct StandbyFlags {
  std::string backup, data, key, config;
  std::string listen = "127.0.0.1:8081";
  int seconds = 2;
};

// Thread-safe.
class Standby {
 public:
  explicit Standby(backup::Replica replica) : replica_(std::move(replica)) { follow(); }

  void follow() {
    Status followed = replica_.catch_up({});
    if (!followed) log::error("standby.behind", {{"why", followed.error().message}});
    const std::lock_guard lock(mutex_);
    progress_ = replica_.progress();
    trouble_ = followed ? "" : followed.error().message;
    looked_at_ = clock_.now();
  }

  http::Response answer(bool must_be_good) const {
    const std::lock_guard lock(mutex_);
    const bool good = trouble_.empty() && !progress_.generation.empty();
    const json state = {{"status", good ? "ok" : "behind"},
                        {"role", "standby"},
                        {"generation", progress_.generation},
                        {"segment", progress_.segment},
                        {"commit", progress_.commit},
                        {"time", rfc3339(progress_.time)},
                        {"looked_at", rfc3339(looked_at_)},
                        {"error", trouble_.empty() ? json(nullptr) : json(trouble_)}};
    return http::make_response(good || !must_be_good ? 200 : 503, "application/json",
                               state.dump() + "\n");
  }

 private:
  const SystemClock clock_;
  backup::Replica replica_;  // used by one thread
  mutable std::mutex mutex_;
  backup::Progress progress_;  // guarded by mutex_
  std::string trouble_;        // guarded by mutex_
  UnixMillis looked_at_ = 0;   // guarded by mutex_
};

void add_routes(http::Server& server, const Standby& standby) {
  server.add("GET", "/healthz", 0, [&](http::Request&) { return standby.answer(false); });
  server.add("GET", "/readyz", 0, [&](http::Request&) { return standby.answer(true); });
  server.on_error([](const http::Request&, int status, std::string_view) {
    const json problem = {{"status", status},
                          {"title", "This is a standby"},
                          {"detail", "It tells how far it has come and nothing else"}};
    return http::make_response(status, "application/problem+json", problem.dump() + "\n");
  });
}

Status follow(const StandbyFlags& flags) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  // Before any thread exists, so that sigwait() alone sees them.
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  WY_TRY(const auto listen, parse_listen(flags.listen));
  backup::Replica::Options options;
  options.data = flags.data;
  options.public_key = flags.key;
  const SystemClock clock;
  WY_TRY(const CommandConfig config, load_command_config(flags.config));
  WY_TRY(auto from, open_backup_place(flags.backup, config.s3, {}, clock));
  backup::Place* const place = from.get();
  WY_TRY(backup::Replica replica, backup::Replica::open(std::move(from), options));
  Standby standby(std::move(replica));
  http::Server server({.host = listen.first, .port = listen.second});
  add_routes(server, standby);
  WY_RETURN_IF_ERROR(server.start());
  std::cout << "Standby of " << flags.backup << " on http://" << listen.first << ":"
            << server.port() << "\n"
            << std::flush;
  {
    const Keeper keeper(std::chrono::seconds(flags.seconds), [&] { standby.follow(); });
    int signal = 0;
    sigwait(&stop, &signal);
    place->be_patient(false);
    server.stop();
  }
  return Done{};
}

}  // namespace

void add_standby_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<StandbyFlags>();
  CLI::App* command = app.add_subcommand("standby", "Follow a backup, ready to take over");
  command->add_option("BACKUP", flags->backup, "What the server's backup_to names")->required();
  command->add_option("--config", flags->config, "Settings in TOML, of which [backup_s3] counts")
      ->envname("WENYUAN_CONFIG");
  command->add_option("--data", flags->data, "Data directory: absent, empty, or a standby's")
      ->envname("WENYUAN_DATA")
      ->required();
  command->add_option("--key", flags->key, "Public key kept elsewhere (default: the backup's)");
  command->add_option("--listen", flags->listen, "HOST:PORT of /healthz and /readyz")
      ->capture_default_str();
  command->add_option("--every", flags->seconds, "Seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->callback([flags, &exit_code] {
    const Status status = follow(*flags);
    exit_code = status ? kExitGood : report(status.error());
  });
}

}  // namespace wenyuan::app
