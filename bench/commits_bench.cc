// Acknowledged commits of single documents, original and audit record included, with 16 clients:
// with and without group commit.
//
//   commits_bench DIR [SECONDS]
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "base/id.h"
#include "store/content_store.h"
#include "tests/crash/node.h"

namespace {

using namespace wenyuan;
using SteadyClock = std::chrono::steady_clock;

constexpr int kClients = 16;

// With `alone`, no two writes are under way at once, so that each has a commit of its own.
Status add_one(crash::Node& node, const std::string& collection_id, std::mutex* alone) {
  WY_TRY(const store::BlobInfo blob, node.blobs().put(new_id("text"), 1 << 20));
  std::unique_lock<std::mutex> lock;
  if (alone != nullptr) lock = std::unique_lock(*alone);
  return node.write("document.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const Permit permit, node.permit(tx, Action::write));
    store::NewDocument wanted;
    wanted.collection_id = collection_id;
    wanted.title = "A document";
    wanted.blob_sha256 = blob.sha256;
    wanted.size_bytes = blob.size_bytes;
    WY_RETURN_IF_ERROR(
        store::add_document(tx, permit, wanted, node.policies().access_attributes(), node.now()));
    return Done{};
  });
}

Status add_collection(crash::Node& node, const std::string& id) {
  const Collection collection{.id = id,
                              .name = "Bench",
                              .kind = CollectionKind::organization,
                              .owner_id = node.admin_id(),
                              .attributes = {},
                              .created_at = 1,
                              .updated_at = 1};
  return node.write("collection.add", id,
                    [&](store::Transaction& tx) { return store::add_collection(tx, collection); });
}

Status measure(const std::filesystem::path& directory, bool grouped, std::chrono::seconds time) {
  WY_TRY(const auto node, crash::Node::open(directory));
  const std::string collection_id = new_id("col");
  WY_RETURN_IF_ERROR(add_collection(*node, collection_id));
  // The first one makes the label.
  WY_RETURN_IF_ERROR(add_one(*node, collection_id, nullptr));
  std::mutex alone;
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<std::int64_t> failed{0};
  const auto begin = SteadyClock::now();
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&] {
        while (SteadyClock::now() - begin < time) {
          const bool done = add_one(*node, collection_id, grouped ? nullptr : &alone).has_value();
          ++(done ? acknowledged : failed);
        }
      });
    }
  }
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  std::cout << (grouped ? "with group commit: " : "without: ")
            << static_cast<double>(acknowledged) / seconds << " documents/s (" << acknowledged
            << " acknowledged, " << failed << " failed)\n";
  return Done{};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "commits_bench DIR [SECONDS]\n";
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  const std::chrono::seconds time(argc > 2 ? std::atoi(argv[2]) : 10);
  for (int round = 0; round < 2; ++round) {
    for (const bool grouped : {true, false}) {
      const auto done = measure(directory / new_id("commits"), grouped, time);
      if (done) continue;
      std::cerr << done.error().message << "\n";
      return 1;
    }
  }
  return 0;
}
