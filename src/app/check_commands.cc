// wenyuan verify and repair: is what is on disk what was written, and if not, make it so.
#include <nlohmann/json.hpp>

#include <iostream>

#include "app/command.h"
#include "app/models.h"
#include "app/parts.h"
#include "app/store_check.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

struct CheckFlags {
  std::string data;
  std::string index_memory = kIndexMemory;
  bool json = false;
  bool deep = false;
  bool remove_unreadable = false;
};

Layout layout_of(const CheckFlags& flags) {
  Layout layout(flags.data);
  layout.index_memory = flags.index_memory;
  return layout;
}

Result<std::unique_ptr<store::Database>> open_read_only(const std::string& data) {
  return store::Database::open(read_only_options(data));
}

Result<bool> verify(const CheckFlags& flags) {
  WY_TRY(const std::unique_ptr<store::Database> database, open_read_only(flags.data));
  WY_TRY(const StoreCheck check, check_store(layout_of(flags), *database, flags.deep));
  if (flags.json) {
    std::cout << json{{"good", check.problems.empty()},
                      {"documents", check.documents},
                      {"chunks", check.chunks},
                      {"blobs", check.blobs},
                      {"compartments", check.compartments},
                      {"problems", check.problems}}
                     .dump(2)
              << "\n";
  } else {
    for (const std::string& problem : check.problems) std::cout << "PROBLEM " << problem << "\n";
    std::cout << check.documents << " documents, " << check.chunks << " chunks, " << check.blobs
              << " blobs, " << check.compartments
              << " compartments: " << (check.problems.empty() ? "good" : "NOT good") << "\n";
  }
  return check.problems.empty();
}

Result<bool> repair(const CheckFlags& flags) {
  store::Database::Options options = read_only_options(flags.data);
  options.read_only = false;
  if (!std::filesystem::exists(options.directory / "wenyuan.db")) {
    return Error{ErrorCode::not_found, "there is no store in " + flags.data};
  }
  auto database = store::Database::open(options);
  if (!database && database.error().code == ErrorCode::conflict) {
    return within("stop the server first", database.error());
  }
  if (!database) return database.error();
  WY_TRY(const StoreRepair repair,
         repair_store(layout_of(flags), **database, SystemClock().now(), flags.remove_unreadable));
  if (flags.json) {
    std::cout
        << json{{"good", repair.left.empty()}, {"done", repair.done}, {"left", repair.left}}.dump(2)
        << "\n";
  } else {
    for (const std::string& each : repair.done) std::cout << "DONE " << each << "\n";
    for (const std::string& each : repair.left) std::cout << "LEFT " << each << "\n";
    std::cout << (repair.left.empty() ? "good\n" : "NOT good\n");
  }
  return repair.left.empty();
}

template <class Work>
CLI::App& add_check(CLI::App& command, const std::shared_ptr<CheckFlags>& flags, int& exit_code,
                    Work work) {
  command.add_option("--data", flags->data, "The data directory")
      ->envname("WENYUAN_DATA")
      ->required();
  add_index_memory(command, flags->index_memory);
  command.add_flag("--json", flags->json, "Print JSON");
  command.callback([flags, work, &exit_code] {
    const Result<bool> good = work(*flags);
    exit_code = !good ? report(good.error()) : *good ? kExitGood : kExitFailed;
  });
  return command;
}

}  // namespace

void add_check_commands(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<CheckFlags>();
  add_check(*app.add_subcommand("verify",
                                "Compare documents, original bytes and search indexes; a server "
                                "may be running"),
            flags, exit_code, verify)
      .add_flag("--deep", flags->deep, "Compare every word and every number of the indexes too");
  add_check(*app.add_subcommand("repair", "Make anew what does not agree; with the server stopped"),
            flags, exit_code, repair)
      .add_flag("--remove-unreadable", flags->remove_unreadable,
                "Remove documents that cannot be read; without it they are named");
}

}  // namespace wenyuan::app
