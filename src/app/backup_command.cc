// wenyuan backup, restore, promote: copies of a store, and back.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <system_error>

#include "app/command.h"
#include "app/command_config.h"
#include "app/parts.h"
#include "app/restoring.h"
#include "app/s3_config.h"
#include "backup/base_copy.h"
#include "store/key_ring.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

struct BackupFlags {
  std::string data, backup;
  std::string key, keys, key_folder, key_copy, master_key, generation, to_time, config;
  std::int64_t to_commit = -1;
  bool without_missing = false, take_over = false;
  bool json = false;
};

Result<bool> make_backup(const BackupFlags& flags) {
  const Layout layout(flags.data);
  const fs::path private_key = layout.data / "audit.key";
  if (std::error_code none; !fs::exists(private_key, none)) {
    return Error{ErrorCode::not_found, "there is no " + private_key.string() +
                                           ": no server was ever started on this directory"};
  }
  const SystemClock clock;
  WY_TRY(const CommandConfig config, load_command_config(flags.config));
  WY_TRY(const auto place,
         open_backup_place(flags.backup, config.s3, layout.data / "backup.tmp", clock));
  store::Database::Options options;
  options.directory = layout.data;
  options.reader_count = 2;
  options.read_only = true;
  options.keys = config.keys;
  options.master_key = config.master_key;
  WY_TRY(const auto database, store::Database::open(options));
  WY_TRY(const audit::SigningKey key,
         audit::SigningKey::open(private_key, layout.data / "audit.pub"));
  const backup::Folder folder(*place);
  WY_RETURN_IF_ERROR(folder.prepare(layout.data / "audit.pub"));
  const auto& keys = database->keys();
  backup::OriginalCopier copier(layout.data, folder, keys.secrets() ? &keys.files() : nullptr);
  const backup::BaseParts parts{database.get(), layout.data, &key, &copier,
                                [&] { return clock.now(); }};
  WY_TRY(const backup::Base base, backup::make_base(parts, folder, clock.now()));
  const backup::Manifest& made = base.manifest;
  std::vector<std::string> apart = made.apart;
  const bool elsewhere = std::find(apart.begin(), apart.end(), backup::kKeyFolder) == apart.end();
  if (elsewhere && !config.keys.empty()) apart.push_back(config.keys);
  if (flags.json) {
    std::cout << json{{"generation", made.generation},   {"commit", made.commit},
                      {"bytes", made.base_size},         {"originals", made.original_count},
                      {"audit_size", made.audit_size},   {"keep_apart", apart},
                      {"time", rfc3339(made.created_at)}}
                     .dump(2)
              << "\n";
    return true;
  }
  std::cout << "Backup " << made.generation << ": commit " << made.commit << ", " << made.base_size
            << " bytes, " << made.original_count << " originals.\n";
  std::cout << "Keep these apart from it, they open what it holds:";
  for (const std::string& name : apart) std::cout << " " << name;
  std::cout << "\n";
  return true;
}

// `clock` must outlive the wish.
Result<RestoreWish> read_wish(const BackupFlags& flags, const Clock& clock) {
  RestoreWish wish;
  WY_TRY(const CommandConfig config, load_command_config(flags.config));
  WY_TRY(wish.from, open_backup_place(flags.backup, config.s3, {}, clock));
  wish.options = {flags.data, flags.key, flags.generation};
  wish.options.master_key = flags.master_key.empty() ? config.master_key : flags.master_key;
  wish.options.keys = flags.key_folder.empty() ? config.keys : flags.key_folder;
  if (!flags.generation.empty() && !backup::is_generation(flags.generation)) {
    return Error{ErrorCode::invalid_argument, flags.generation + " is not a generation's name"};
  }
  wish.keys = flags.keys;
  wish.key_copy = flags.key_copy.empty() ? config.key_copy : flags.key_copy;
  wish.without_missing = flags.without_missing;
  wish.take_over = flags.take_over;
  if (flags.to_commit >= 0) wish.target.commit = flags.to_commit;
  if (!flags.to_time.empty()) {
    wish.target.time = parse_rfc3339(flags.to_time);
    if (!wish.target.time) {
      return Error{ErrorCode::invalid_argument,
                   "--to-time is a time like 2026-01-31T12:00:00Z, not " + flags.to_time};
    }
  }
  return wish;
}

void print_text(const BackupFlags& flags, const Restored& restored) {
  const auto& checked = restored.checked;
  for (const std::string& problem : checked.problems) std::cout << "PROBLEM " << problem << "\n";
  std::cout << checked.documents << " documents, " << checked.chunks << " chunks, "
            << checked.originals << " originals, " << checked.audit_records
            << " audit records, to commit " << restored.progress.commit << " of "
            << rfc3339(restored.progress.time) << ": "
            << (checked.problems.empty() ? "good" : "NOT good") << "\n";
  if (!checked.missing.empty()) {
    std::cout << checked.missing.size() << " originals are missing.\n";
  }
  if (!checked.unreadable.empty()) {
    std::cout << checked.unreadable.size() << " documents cannot be read without a newer "
              << "erasure.secrets:";
    for (const std::string& id : checked.unreadable) std::cout << " " << id;
    std::cout << "\n";
  }
  if (!checked.problems.empty()) return;
  std::cout << "The keys are in " << restored.key_folder.string()
            << (restored.keys_were_there ? ", as they were: start the server with the same setting"
                                         : "")
            << ".\n";
  if (!restored.keys_missing.empty()) {
    std::cout << "Put these into " << flags.data << " before you start the server:";
    for (const std::string& name : restored.keys_missing) std::cout << " " << name;
    std::cout << "\n";
  }
  std::cout << "Search indexes are rebuilt at the start. Keys and grants that were withdrawn since "
               "then are there again.\n";
}

Result<bool> restore_backup(const BackupFlags& flags) {
  const SystemClock clock;
  WY_TRY(RestoreWish wish, read_wish(flags, clock));
  WY_TRY(const Restored restored, restore(std::move(wish)));
  const auto& checked = restored.checked;
  if (flags.json) {
    std::cout << json{{"good", checked.problems.empty()},
                      {"problems", checked.problems},
                      {"generation", restored.manifest.generation},
                      {"segments", restored.progress.segment},
                      {"transactions", restored.progress.transactions},
                      {"commit", restored.progress.commit},
                      {"time", rfc3339(restored.progress.time)},
                      {"documents", checked.documents},
                      {"chunks", checked.chunks},
                      {"originals", checked.originals},
                      {"missing", checked.missing},
                      {"unreadable", checked.unreadable},
                      {"audit_records", checked.audit_records},
                      {"audit_root", checked.audit_root},
                      {"keys", restored.key_folder.string()},
                      {"keys_missing", restored.keys_missing}}
                     .dump(2)
              << "\n";
  } else {
    print_text(flags, restored);
  }
  return checked.problems.empty();
}

template <class Work>
void on_call(CLI::App& command, const std::shared_ptr<BackupFlags>& flags, int& exit_code,
             Work work) {
  command.add_flag("--json", flags->json, "Print JSON");
  command.callback([flags, work, &exit_code] {
    const Result<bool> good = work(*flags);
    exit_code = !good ? report(good.error()) : *good ? kExitGood : kExitFailed;
  });
}

// What the object store needs besides its address may also come from the environment.
void add_config(CLI::App& command, std::string& config) {
  command
      .add_option(
          "--config", config,
          "The server's settings, of which keys, master_key, key_copy and [backup_s3] count")
      ->envname("WENYUAN_CONFIG");
}

void add_restoring(CLI::App& command, const std::shared_ptr<BackupFlags>& flags) {
  command.add_option("BACKUP", flags->backup, "The directory, or s3://BUCKET/PREFIX")->required();
  add_config(command, flags->config);
  command.add_option("--key", flags->key,
                     "Public key kept elsewhere (default: audit.pub beside the backup)");
  command.add_option("--keys", flags->keys, "Directory with the key files that were kept apart");
  command.add_option("--key-folder", flags->key_folder,
                     "Where the server will have its keys, as its setting keys says it; what is "
                     "there already is used as it is (WENYUAN_KEYS; default: keys in the data)");
  command.add_option("--key-copy", flags->key_copy,
                     "Directory that the server's key_copy names: the newest erasure secrets "
                     "(WENYUAN_KEY_COPY)");
  command.add_option("--master-key", flags->master_key,
                     "Where the master key comes from, as the server's master_key says it "
                     "(WENYUAN_MASTER_KEY_FROM; default: the file master.key among the keys)");
  command.add_flag("--without-missing", flags->without_missing,
                   "Go on when originals or erasure secrets are missing");
  command.add_flag("--take-over", flags->take_over,
                   "The server that wrote the backup is gone for good: the restored one may write "
                   "there at once");
}

}  // namespace

void add_backup_commands(CLI::App& app, int& exit_code) {
  auto backup_flags = std::make_shared<BackupFlags>();
  CLI::App* backup = app.add_subcommand("backup", "Copy a store, also while a server runs on it");
  backup
      ->add_option("TO", backup_flags->backup,
                   "Directory, or s3://BUCKET/PREFIX, for backups of this store")
      ->required();
  add_config(*backup, backup_flags->config);
  backup->add_option("--data", backup_flags->data, "The data directory")
      ->envname("WENYUAN_DATA")
      ->required();
  on_call(*backup, backup_flags, exit_code, make_backup);

  auto flags = std::make_shared<BackupFlags>();
  CLI::App* restore = app.add_subcommand("restore", "Make a data directory from a backup");
  add_restoring(*restore, flags);
  restore->add_option("--to", flags->data, "The new data directory: absent or empty")->required();
  restore->add_option("--generation", flags->generation, "Begin with this whole copy");
  restore->add_option("--to-commit", flags->to_commit, "The last commit that is wanted")
      ->check(CLI::NonNegativeNumber);
  restore->add_option("--to-time", flags->to_time, "Nothing later is wanted (RFC 3339)");
  on_call(*restore, flags, exit_code, restore_backup);

  auto promoted = std::make_shared<BackupFlags>();
  CLI::App* promote =
      app.add_subcommand("promote", "Make a standby, which must be stopped, the store itself");
  add_restoring(*promote, promoted);
  promote->add_option("--data", promoted->data, "The standby's data directory")
      ->envname("WENYUAN_DATA")
      ->required();
  on_call(*promote, promoted, exit_code, restore_backup);
}

}  // namespace wenyuan::app
