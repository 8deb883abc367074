// wenyuan verify-erasure and wenyuan key: is it gone, and another master key.
#include <nlohmann/json.hpp>

#include <iostream>

#include "app/command.h"
#include "app/erasure_check.h"
#include "app/remote.h"
#include "base/file.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

struct ReceiptFlags {
  std::string receipt;
  std::string data;
  std::string key;
  std::string index_memory = kIndexMemory;
  bool json = false;
};

Result<bool> verify(const ReceiptFlags& flags) {
  WY_TRY(const std::string note, read_file(flags.receipt, audit::kReceiptSizeMax));
  const std::filesystem::path data = flags.data;
  WY_TRY(const audit::VerifyingKey key,
         audit::VerifyingKey::open(flags.key.empty() ? data / "audit.pub"
                                                     : std::filesystem::path(flags.key)));
  WY_TRY(const std::unique_ptr<store::Database> database,
         store::Database::open(read_only_options(data)));
  Layout layout(data);
  layout.index_memory = flags.index_memory;
  WY_TRY(const ErasureCheck check, check_erasure(layout, *database, note, key));
  const bool good = check.problems.empty();
  if (flags.json) {
    std::cout << json{{"good", good},
                      {"receipt_id", check.receipt.id},
                      {"document_id", check.receipt.document_id},
                      {"collection_id", check.receipt.collection_id},
                      {"documents", check.receipt.documents.size()},
                      {"swept", check.swept},
                      {"problems", check.problems}}
                     .dump(2)
              << "\n";
    return good;
  }
  for (const std::string& problem : check.problems) std::cout << "PROBLEM " << problem << "\n";
  if (check.receipt.document_id.empty()) {
    std::cout << "collection " << check.receipt.collection_id << " with "
              << check.receipt.documents.size() << " documents";
  } else {
    std::cout << "document " << check.receipt.document_id;
  }
  std::cout << ", erased " << rfc3339(check.receipt.erased_at) << ": "
            << (good ? "nothing of it is left" : "NOT gone")
            << (good && !check.swept ? " but what the next sweep takes out of the log" : "")
            << "\n";
  return good;
}

Status rotate(const RemoteFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags));
  WY_TRY(const json answer, remote.post("/v1/master-key/rotate", "", "application/json"));
  if (flags.json) {
    std::cout << answer.dump(2) << "\n";
    return Done{};
  }
  std::cout
      << answer.value("keys", 0) << " keys are wrapped under the master key "
      << answer.value("after", "") << " now, no longer under " << answer.value("before", "")
      << ". Keep a copy of it apart from the data, and the old one as long as there are backups "
         "from before.\n";
  return Done{};
}

}  // namespace

void add_erasure_commands(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<ReceiptFlags>();
  CLI::App* verify_command =
      app.add_subcommand("verify-erasure", "Look for what a receipt says was erased");
  verify_command->add_option("receipt", flags->receipt, "The file with the signed receipt")
      ->required();
  verify_command
      ->add_option("--data", flags->data, "The data directory; a server may be running on it")
      ->envname("WENYUAN_DATA")
      ->required();
  verify_command->add_option("--key", flags->key, "Public key kept elsewhere (default: audit.pub)");
  add_index_memory(*verify_command, flags->index_memory);
  verify_command->add_flag("--json", flags->json, "Print JSON");
  verify_command->callback([flags, &exit_code] {
    const Result<bool> good = verify(*flags);
    exit_code = !good ? report(good.error()) : *good ? kExitGood : kExitFailed;
  });

  auto remote = std::make_shared<RemoteFlags>();
  CLI::App* key = app.add_subcommand("key", "The master key of a running server");
  key->require_subcommand(1);
  CLI::App* rotate_command = key->add_subcommand("rotate", "Wrap all keys under another one");
  add_remote_flags(*rotate_command, *remote);
  rotate_command->callback([remote, &exit_code] {
    const Status done = rotate(*remote);
    exit_code = done ? kExitGood : report(done.error());
  });
}

}  // namespace wenyuan::app
