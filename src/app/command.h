// What the subcommands of `wenyuan` share.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace wenyuan::app {

// Exit codes.
constexpr int kExitGood = 0;
constexpr int kExitFailed = 1;  // it was tried, and failed or found something wrong
constexpr int kExitUsage = 2;   // the command line is wrong

// Each adds its subcommand; the callback sets `exit_code`.
void add_serve_command(CLI::App& app, int& exit_code);
void add_client_commands(CLI::App& app, int& exit_code);  // ingest, search, ask
void add_policy_command(CLI::App& app, int& exit_code);
void add_user_command(CLI::App& app, int& exit_code);
void add_check_commands(CLI::App& app, int& exit_code);  // verify
void add_audit_command(CLI::App& app, int& exit_code);
void add_backup_commands(CLI::App& app, int& exit_code);  // backup, restore, promote
void add_standby_command(CLI::App& app, int& exit_code);
void add_pack_commands(CLI::App& app, int& exit_code);     // export, import
void add_erasure_commands(CLI::App& app, int& exit_code);  // verify-erasure, key
void add_model_command(CLI::App& app, int& exit_code);

// --index-memory, as the server's setting index_memory.
inline void add_index_memory(CLI::App& command, std::string& folder) {
  command.add_option("--index-memory", folder, "Folder in memory where indexes lie while in use")
      ->envname("WENYUAN_INDEX_MEMORY")
      ->capture_default_str();
}

// Prints the error to stderr; kExitUsage for invalid_argument, kExitFailed otherwise.
int report(const Error& error);

}  // namespace wenyuan::app
