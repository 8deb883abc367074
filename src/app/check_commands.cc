// wenyuan verify: is what is on disk what was written?
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
  bool json = false;
};

Result<std::unique_ptr<store::Database>> open_read_only(const std::string& data) {
  store::Database::Options options;
  options.directory = data;
  options.read_only = true;
  return store::Database::open(options);
}

Result<bool> verify(const CheckFlags& flags) {
  WY_TRY(const std::unique_ptr<store::Database> database, open_read_only(flags.data));
  WY_TRY(const StoreCheck check, check_store(Layout(flags.data), *database));
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

template <class Work>
void add_check(CLI::App& command, const std::shared_ptr<CheckFlags>& flags, int& exit_code,
               Work work) {
  command.add_option("--data", flags->data, "The data directory; a server may be running on it")
      ->envname("WENYUAN_DATA")
      ->required();
  command.add_flag("--json", flags->json, "Print JSON");
  command.callback([flags, work, &exit_code] {
    const Result<bool> good = work(*flags);
    exit_code = !good ? report(good.error()) : *good ? kExitGood : kExitFailed;
  });
}

}  // namespace

void add_check_commands(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<CheckFlags>();
  add_check(*app.add_subcommand("verify", "Compare documents, original bytes and search indexes"),
            flags, exit_code, verify);
}

}  // namespace wenyuan::app
