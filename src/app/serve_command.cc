// wenyuan serve: the server in the foreground.
#include <iostream>

#include "app/command.h"
#include "app/key_copy.h"
#include "app/server.h"
#include "base/log.h"

namespace wenyuan::app {
namespace {

Status set_log_level(const std::string& level) {
  if (level == "debug") {
    log::set_level(log::Level::debug);
  } else if (level == "info") {
    log::set_level(log::Level::info);
  } else if (level == "warn") {
    log::set_level(log::Level::warn);
  } else if (level == "error") {
    log::set_level(log::Level::error);
  } else {
    return Error{ErrorCode::invalid_argument,
                 "log_level is debug, info, warn or error, not " + level};
  }
  return Done{};
}

Status serve(const ConfigFlags& flags) {
  WY_TRY(const Config config, load_config(flags));
  WY_RETURN_IF_ERROR(set_log_level(config.log_level));
  if (config.data.empty()) {
    return Error{ErrorCode::invalid_argument, "where is the data? --data DIR or WENYUAN_DATA"};
  }
  WY_RETURN_IF_ERROR(check_key_copy(config));
  WY_TRY(const std::unique_ptr<Server> server, Server::start(config));
  return server->run();
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<ConfigFlags>();
  CLI::App* command = app.add_subcommand("serve", "Run the server");
  command->add_option("--data", flags->data, "Data directory; made when it is not there");
  command->add_option("--listen", flags->listen, "HOST:PORT (default 127.0.0.1:8080)");
  command->add_option("--models", flags->models, "Directory of *.gguf models");
  command->add_option("--config", flags->config_file, "Settings in TOML");
  command->add_option("--admin-key-file", flags->admin_key_file,
                      "File with the administrator's key (at least 32 characters)");
  command->add_option(
      "--backup-to", flags->backup_to,
      "Directory, or s3://BUCKET/PREFIX, that gets everything committed, seconds later");
  command->add_option("--embedding-model", flags->embedding_model, "Model that makes vectors");
  command->add_option("--chat-model", flags->chat_model, "Model that writes answers");
  command->add_option("--reranker-model", flags->reranker_model,
                      "Model that reorders search results (default: none)");
  command->add_option("--requests-per-second", flags->requests_per_second,
                      "Requests that one key may make (default 50)");
  command->add_flag("--no-sandbox", flags->no_sandbox,
                    "Read files without a sandbox. Only where every file is trusted");
  command->add_flag("--quiet-start", flags->quiet_start, "Do not print how to begin");
  command->callback([flags, &exit_code] {
    const Status status = serve(*flags);
    exit_code = status ? kExitGood : report(status.error());
  });
}

}  // namespace wenyuan::app
