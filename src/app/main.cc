// wenyuan: the server and the command line.
#include <CLI/CLI.hpp>

#include <csignal>

#include "app/command.h"

int main(int argc, char** argv) {
  // A client or a pipe that goes away is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT: cannot fail for SIGPIPE

  CLI::App app("Wenyuan: your documents, searchable and quotable, on your own machine.", "wenyuan");
  app.require_subcommand(1);
  app.set_version_flag("--version", "wenyuan 0.1.0");
  int exit_code = wenyuan::app::kExitGood;
  wenyuan::app::add_serve_command(app, exit_code);
  wenyuan::app::add_client_commands(app, exit_code);
  wenyuan::app::add_policy_command(app, exit_code);
  wenyuan::app::add_user_command(app, exit_code);
  wenyuan::app::add_check_commands(app, exit_code);
  wenyuan::app::add_audit_command(app, exit_code);
  wenyuan::app::add_backup_commands(app, exit_code);
  wenyuan::app::add_standby_command(app, exit_code);
  wenyuan::app::add_pack_commands(app, exit_code);
  wenyuan::app::add_erasure_commands(app, exit_code);
  wenyuan::app::add_model_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int shown = app.exit(error);
    return shown == 0 ? 0 : wenyuan::app::kExitUsage;
  }
  return exit_code;
}
