// wenyuan verify and audit verify: is what is on disk what was written?
#include <nlohmann/json.hpp>

#include <iostream>

#include "app/command.h"
#include "app/models.h"
#include "app/parts.h"
#include "app/store_check.h"
#include "audit/checkpoint.h"
#include "audit/log.h"

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

Result<bool> verify_audit(const CheckFlags& flags) {
  WY_TRY(const std::unique_ptr<store::Database> database, open_read_only(flags.data));
  const auto checked =
      database->read([&](store::Snapshot& snapshot) -> Result<audit::Verification> {
        WY_TRY(const audit::Verification chain, audit::verify(snapshot));
        WY_TRY([[maybe_unused]] const auto signed_part,
               audit::verify_checkpoints(snapshot, flags.data));
        return chain;
      });
  if (!checked && checked.error().code != ErrorCode::corrupt) return checked.error();
  if (flags.json) {
    json result = {{"good", checked.has_value()}};
    if (checked) {
      result["records"] = checked->record_count;
      result["head"] = checked->head;
    } else {
      result["problem"] = checked.error().message;
    }
    std::cout << result.dump(2) << "\n";
  } else if (checked) {
    std::cout << checked->record_count << " records, head " << checked->head << ": good\n";
  } else {
    std::cout << "PROBLEM " << checked.error().message << "\n";
  }
  return checked.has_value();
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
  CLI::App* audit = app.add_subcommand("audit", "The audit log");
  audit->require_subcommand(1);
  add_check(*audit->add_subcommand("verify", "Recompute every hash of the audit log"), flags,
            exit_code, verify_audit);
}

}  // namespace wenyuan::app
