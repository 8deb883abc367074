// How long it takes to learn what a user may read: from the cache, and decided anew, with 1,000
// policies and 1,000 labels.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "auth/identities.h"
#include "auth/policy_engine.h"
#include "base/assert.h"
#include "base/id.h"
#include "base/sha256.h"
#include "store/content_store.h"
#include "store/database.h"

namespace {

using namespace wenyuan;  // NOLINT: a program of one file

constexpr int kCount = 1000;
const store::AccessAttributes kAccess = {"department", "project", "sensitivity"};

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  WY_ASSERT(result);
  return *std::move(result);
}

void print(const char* what, std::vector<double> values, double scale, const char* unit) {
  std::sort(values.begin(), values.end());
  std::printf("{\"task\": \"%s\", \"best\": %.2f, \"median\": %.2f, \"unit\": \"%s\"}\n", what,
              scale * values.front(), scale * values[values.size() / 2], unit);
}

class Bench {
 public:
  explicit Bench(const std::filesystem::path& folder)
      : database_(must(store::Database::open({.directory = folder}))),
        identities_(must(auth::Identities::open(*database_))) {
    must(database_->write([&](store::Transaction& tx) { return fill(tx); }));
    for (int number = 0; number < kCount; ++number) add_label(number);
    auth::User wanted;
    wanted.username = "ann";
    wanted.attributes = {{"clearance", "confidential"}, {"department", "d7"}, {"project", "p7"}};
    user_ = must(database_->write([&](store::Transaction& tx) {
              return identities_->add_user(tx, wanted, std::nullopt, 0);
            })).id;
  }

  // Seconds for one permit: the best and the median of many small batches, as this machine has
  // other work too.
  void cached() {
    const auth::Principal ann = principal(user_);
    std::vector<double> times;
    must(database_->read([&](store::Snapshot& snapshot) -> Status {
      for (int batch = 0; batch < 400; ++batch) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 50; ++i) {
          WY_TRY(const Permit permit, engine_.permit(snapshot, ann, Action::read));
          labels_ = permit.labels().size();
        }
        times.push_back(since(start) / 50);
      }
      return Done{};
    }));
    print("a permit from the cache", std::move(times), 1e6, "us");
  }

  void cold() {
    std::vector<double> times;
    for (int round = 0; round < 20; ++round) {
      // Everything but the cache of decisions is warm, as after somebody else's first request.
      auth::Principal ann = principal(user_);
      const auth::PolicyEngine fresh(kAccess);
      must(database_->read([&](store::Snapshot& snapshot) -> Status {
        WY_RETURN_IF_ERROR(fresh.permit(snapshot, principal_of_root_, Action::read));
        const auto start = std::chrono::steady_clock::now();
        WY_RETURN_IF_ERROR(fresh.permit(snapshot, ann, Action::read));
        times.push_back(since(start));
        return Done{};
      }));
    }
    print("a permit decided anew", std::move(times), 1e3, "ms");
    std::printf("{\"labels\": %zu}\n", labels_);
  }

 private:
  static double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  auth::Principal principal(const std::string& id) {
    return must(database_->read([&](store::Snapshot& s) { return identities_->principal(s, id); }));
  }

  Status fill(store::Transaction& tx) {
    auth::User wanted;
    wanted.username = "root";
    WY_TRY(const auth::User root, identities_->add_user(tx, wanted, std::nullopt, 0));
    root_ = root.id;
    Collection made;
    made.id = collection_;
    made.name = "all";
    made.kind = CollectionKind::organization;
    made.owner_id = root_;
    WY_RETURN_IF_ERROR(store::add_collection(tx, made));
    for (int number = 0; number < kCount; ++number) {
      auth::Policy policy;
      policy.name = "policy";
      const std::string of = "\"d" + std::to_string(number % 50) + "\"";
      policy.text = "allow if user.department == " + of + " and resource.department == " + of +
                    " and user.clearance >= resource.sensitivity and resource.project != \"x" +
                    std::to_string(number) + "\"";
      WY_RETURN_IF_ERROR(engine_.add_policy(tx, policy, 0));
    }
    return Done{};
  }

  void add_label(int number) {
    principal_of_root_ = principal(root_);
    const Permit permit = must(database_->read([&](store::Snapshot& snapshot) {
      return engine_.permit(snapshot, principal_of_root_, Action::write);
    }));
    store::NewDocument wanted;
    wanted.collection_id = collection_;
    wanted.title = "title " + std::to_string(number);
    wanted.blob_sha256 = sha256_hex(wanted.title);
    wanted.user_id = root_;
    wanted.attributes = {{"department", "d" + std::to_string(number % 50)},
                         {"project", "p" + std::to_string(number)},
                         {"sensitivity", number / 50 % 2 == 0 ? "internal" : "secret"}};
    must(database_->write([&](store::Transaction& tx) {
      return store::add_document(tx, permit, wanted, kAccess, 0);
    }));
  }

  const auth::PolicyEngine engine_{kAccess};
  const std::unique_ptr<store::Database> database_;
  const std::unique_ptr<auth::Identities> identities_;
  const std::string collection_ = new_id("col");
  std::string root_, user_;
  auth::Principal principal_of_root_;
  std::size_t labels_ = 0;
};

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / new_id("wenyuan_decision_bench");
  {
    Bench bench(folder);
    bench.cached();
    bench.cold();
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
