// What the audit log costs: appending alone, many at once and in one transaction; proofs; checks.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "audit/export.h"
#include "audit/log.h"
#include "audit/tree.h"
#include "audit/verify.h"
#include "base/id.h"

namespace {

using namespace wenyuan;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print(const char* what, double value, const char* unit) {
  std::printf("{\"task\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", what, value, unit);
  std::fflush(stdout);
}

// As a search writes it.
audit::Event event_number(int number) {
  audit::Event event;
  event.action = "search";
  event.actor_id = "usr_" + std::string(25, 'a') + std::to_string(number % 10);
  event.key_id = "key_" + std::string(26, 'b');
  event.request_id = "req_" + std::string(26, 'c');
  event.address = "192.0.2.1";
  event.details = {{"hits", std::int64_t{10}},
                   {"documents", std::vector<std::string>(10, "doc_" + std::string(26, 'd'))}};
  event.personal = {{{}, {{"question", "How often must the diaphragm of the pump be replaced?"}}}};
  return event;
}

class Bench {
 public:
  Bench(store::Database& database, const audit::Vault& vault)
      : database_(database), vault_(vault) {}

  void append(int number) {
    const Status done = database_.write([&](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(audit::append(tx, vault_, event_number(number), 1000 + number));
      return Done{};
    });
    WY_ASSERT(done);
  }

  void run() {
    constexpr int kAlone = 300, kThreads = 64, kEach = 150, kBulk = 100'000;
    const double alone = seconds_of([&] {
      for (int i = 0; i < kAlone; ++i) append(i);
    });
    print("append_alone", kAlone / alone, "records/s");
    const double grouped = seconds_of([&] {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
          for (int i = 0; i < kEach; ++i) append(i);
        });
      }
    });
    print("append_64_writers", kThreads * kEach / grouped, "records/s");
    append_paced();
    const double bulk = seconds_of([&] {
      const Status done = database_.write([&](store::Transaction& tx) -> Status {
        for (int i = 0; i < kBulk; ++i) {
          WY_RETURN_IF_ERROR(audit::append(tx, vault_, event_number(i), 1000 + i));
        }
        return Done{};
      });
      WY_ASSERT(done);
    });
    print("append_in_one_transaction", kBulk / bulk, "records/s");
    read();
  }

 private:
  // As requests come that nobody holds back: 500 in a second, each timed from when it was due.
  void append_paced() {
    using Clock = std::chrono::steady_clock;
    constexpr int kPerSecond = 500, kCount = 5000, kThreads = 64;
    std::vector<double> milliseconds(kCount);
    std::atomic<int> next{0};
    const auto start = Clock::now();
    {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
          for (int i = next++; i < kCount; i = next++) {
            const auto due = start + std::chrono::microseconds(1'000'000 / kPerSecond * i);
            std::this_thread::sleep_until(due);
            append(i);
            milliseconds[static_cast<std::size_t>(i)] =
                std::chrono::duration<double, std::milli>(Clock::now() - due).count();
          }
        });
      }
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    print("append_at_500_per_second_p50", milliseconds[kCount / 2], "ms");
    print("append_at_500_per_second_p99", milliseconds[kCount * 99 / 100], "ms");
  }

  void read() {
    const Status done = database_.read([&](store::Snapshot& snapshot) -> Status {
      WY_TRY(const std::int64_t size, audit::tree_size(snapshot));
      constexpr int kProofs = 2000;
      const double inclusion = seconds_of([&] {
        for (int i = 0; i < kProofs; ++i) {
          WY_ASSERT(audit::inclusion_proof(snapshot, (i * 7919) % size, size));
        }
      });
      print("inclusion_proof", inclusion / kProofs * 1e6, "us");
      const double consistency = seconds_of([&] {
        for (int i = 0; i < kProofs; ++i) {
          WY_ASSERT(audit::consistency_proof(snapshot, 1 + (i * 7919) % size, size));
        }
      });
      print("consistency_proof", consistency / kProofs * 1e6, "us");
      const double verified = seconds_of([&] { WY_ASSERT(audit::verify(snapshot)); });
      print("verify", static_cast<double>(size) / verified, "records/s");
      return Done{};
    });
    WY_ASSERT(done);
  }

  store::Database& database_;
  const audit::Vault& vault_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path home =
      std::filesystem::path(argc > 1 ? argv[1] : "/tmp") / wenyuan::new_id("audit_bench");
  std::filesystem::create_directories(home);
  {
    const auto database = wenyuan::store::Database::open({.directory = home});
    const auto vault = wenyuan::audit::Vault::open((*database)->keys());
    WY_ASSERT(database && vault);
    Bench(**database, **vault).run();
  }
  std::filesystem::remove_all(home);
  return 0;
}
