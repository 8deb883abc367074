// wenyuan audit: is the log what was written? Works beside a running server, or without any.
#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>

#include "app/command.h"
#include "audit/checkpoint_file.h"
#include "audit/checkpoint_key.h"
#include "audit/checkpoint_note.h"
#include "audit/verify.h"
#include "audit/verify_export.h"
#include "base/file.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

constexpr std::size_t kNotesSizeMax = std::size_t{4} << 30;

struct AuditFlags {
  std::string data;
  std::string key;
  std::string checkpoint;
  std::string export_file;
  bool json = false;
};

Result<std::unique_ptr<store::Database>> open_read_only(const std::string& data) {
  store::Database::Options options;
  options.directory = data;
  options.read_only = true;
  return store::Database::open(options);
}

void print_problem(const AuditFlags& flags, const std::string& problem) {
  if (flags.json) {
    std::cout << json{{"good", false}, {"problem", problem}}.dump(2) << "\n";
  } else {
    std::cout << "PROBLEM " << problem << "\n";
  }
}

Result<bool> verify_data(const AuditFlags& flags) {
  WY_TRY(const std::unique_ptr<store::Database> database, open_read_only(flags.data));
  const auto checked = audit::verify_directory(
      *database,
      {.directory = flags.data, .public_key = flags.key, .kept_notes = flags.checkpoint});
  if (!checked && checked.error().code != ErrorCode::corrupt) return checked.error();
  if (!checked) {
    print_problem(flags, checked.error().message);
    return false;
  }
  if (flags.json) {
    std::cout << json{{"good", true},
                      {"records", checked->record_count},
                      {"retired", checked->retired_count},
                      {"root", checked->root},
                      {"checkpoints", checked->checkpoint_count},
                      {"signed", checked->last.size}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << checked->record_count << " records, root " << checked->root << ", "
              << checked->checkpoint_count << " checkpoints, the last over " << checked->last.size
              << ": good\n";
  }
  return true;
}

// Without any database.
Result<bool> verify_file(const AuditFlags& flags) {
  if (flags.key.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "--export needs --key: the public key that was copied from the server"};
  }
  WY_TRY(const audit::VerifyingKey key, audit::VerifyingKey::open(flags.key));
  std::string note;
  if (!flags.checkpoint.empty()) {
    WY_TRY(const std::string content, read_file(flags.checkpoint, kNotesSizeMax));
    const std::vector<std::string> notes = audit::split_notes(content);
    note = notes.empty() ? content : notes.back();
  }
  std::ifstream input(flags.export_file, std::ios::binary);
  if (!input) return Error{ErrorCode::not_found, "cannot open " + flags.export_file};
  const auto checked = audit::verify_export(input, key, note);
  if (!checked && checked.error().code != ErrorCode::corrupt) return checked.error();
  if (!checked) {
    print_problem(flags, checked.error().message);
    return false;
  }
  const audit::ExportVerification& made = *checked;
  if (flags.json) {
    std::cout << json{{"good", true},
                      {"records", made.record_count},
                      {"retired", made.retired_count},
                      {"first", made.first},
                      {"last", made.last},
                      {"filtered", made.filtered},
                      {"origin", made.checkpoint.origin},
                      {"signed", made.checkpoint.size},
                      {"time", rfc3339(made.checkpoint.time)}}
                     .dump(2)
              << "\n";
    return true;
  }
  std::cout << made.record_count << " records from " << made.first << " to " << made.last
            << " of the " << made.checkpoint.size << " that " << made.checkpoint.origin
            << " signed at " << rfc3339(made.checkpoint.time) << ": good\n";
  if (made.filtered) {
    std::cout << "This is a selection: each record is proven, that none was left out is not.\n";
  }
  return true;
}

Result<bool> verify_either(const AuditFlags& flags) {
  if (flags.data.empty() == flags.export_file.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "what is to be verified? --data DIR or --export FILE"};
  }
  return flags.data.empty() ? verify_file(flags) : verify_data(flags);
}

Result<bool> show_key(const AuditFlags& flags) {
  WY_TRY(const std::unique_ptr<store::Database> database, open_read_only(flags.data));
  WY_TRY(const audit::VerifyingKey key,
         audit::VerifyingKey::open(std::filesystem::path(flags.data) / "audit.pub"));
  std::cout << key.text(audit::origin_of(database->store_id())) << "\n";
  return true;
}

template <class Work>
void on_call(CLI::App& command, const std::shared_ptr<AuditFlags>& flags, int& exit_code,
             Work work) {
  command.callback([flags, work, &exit_code] {
    const Result<bool> good = work(*flags);
    exit_code = !good ? report(good.error()) : *good ? kExitGood : kExitFailed;
  });
}

CLI::Option* add_data(CLI::App& command, const std::shared_ptr<AuditFlags>& flags) {
  return command
      .add_option("--data", flags->data, "The data directory; a server may be running on it")
      ->envname("WENYUAN_DATA");
}

}  // namespace

void add_audit_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* audit = app.add_subcommand("audit", "The audit log");
  audit->require_subcommand(1);
  CLI::App* verify = audit->add_subcommand("verify", "Recompute every hash of the audit log");
  // Not from the environment: with --export there must be no data directory.
  verify->add_option("--data", flags->data, "The data directory; a server may be running on it");
  verify->add_option("--export", flags->export_file, "A file from /v1/audit/export instead");
  verify->add_option("--key", flags->key, "Public key kept elsewhere (default: audit.pub)");
  verify->add_option("--checkpoint", flags->checkpoint, "Checkpoints kept elsewhere");
  verify->add_flag("--json", flags->json, "Print JSON");
  on_call(*verify, flags, exit_code, verify_either);
  CLI::App* key = audit->add_subcommand("key", "Print the public key, to be kept elsewhere");
  add_data(*key, flags)->required();
  on_call(*key, flags, exit_code, show_key);
}

}  // namespace wenyuan::app
