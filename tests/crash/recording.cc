#include "tests/crash/recording.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/content_store.h"
#include "tests/crash/sqlite_vfs.h"

namespace wenyuan::crash {
namespace {

constexpr int kBurstSize = 6;

// `wanted` without what `other` does not have too.
Facts common(const Facts& one, const Facts& other) {
  Facts both;
  for (const auto& [about, sentences] : one) {
    const auto found = other.find(about);
    if (found == other.end()) continue;
    for (const std::string& sentence : sentences) {
      if (found->second.contains(sentence)) both[about].insert(sentence);
    }
  }
  return both;
}

std::string missing(const Facts& wanted, const Facts& found) {
  return difference(wanted, common(wanted, found));
}

}  // namespace

Following::Following(DiskLog& log, const std::filesystem::path& root) {
  use_recording_vfs();
  set_root(root.string());
  set_vfs_log(&log);
  set_listener(&log);
}

Following::~Following() {
  set_listener(nullptr);
  set_vfs_log(nullptr);
  set_root("");
}

template <class Work>
void Recording::step(const std::string& name, bool is_whole, Work work) {
  Step made{.name = name, .begin = steps_.empty() ? 0 : steps_.back().end, .is_whole = is_whole};
  const int backups = node_ == nullptr ? 0 : node_->backup_count();
  const Status done = work(made);
  made.is_backed_up = node_ != nullptr && node_->backup_count() > backups;
  ASSERT_TRUE(done) << name << ": " << done.error().message;
  made.end = log_->size();
  if (node_ != nullptr) {
    auto facts = read_facts(node_->database());
    ASSERT_TRUE(facts) << name << ": " << facts.error().message;
    made.after = *std::move(facts);
  } else {
    made.after = steps_.back().after;
  }
  steps_.push_back(std::move(made));
}

Recording::Recording(std::uint64_t seed, int count) : scene_(seed) {
  log_ = std::make_unique<DiskLog>(scratch_.path());
  const Following following(*log_, scratch_.path());
  start();
  const auto& all = operations();
  for (int at = 0; at < count && !testing::Test::HasFatalFailure(); ++at) {
    const std::uint64_t chosen = scene_.random() % (all.size() + 3);
    if (chosen < all.size()) {
      do_one(all[chosen]);
    } else if (chosen == all.size()) {
      restart();
    } else {
      burst();
    }
  }
  if (testing::Test::HasFatalFailure()) return;
  step("stop", true, [&](Step&) -> Status {
    node_.reset();
    return Done{};
  });
}

Recording::~Recording() = default;

void Recording::start() {
  step("first start", false, [&](Step&) -> Status {
    WY_TRY(node_, Node::open(scratch_.data()));
    return set_up(*node_, scene_);
  });
}

void Recording::restart() {
  step("restart", true, [&](Step&) -> Status {
    node_.reset();
    WY_TRY(node_, Node::open(scratch_.data()));
    return Done{};
  });
}

void Recording::do_one(const Operation& operation) {
  if (operation.prepare) {
    step("prepare: " + operation.name, false,
         [&](Step&) { return operation.prepare(*node_, scene_); });
  }
  if (testing::Test::HasFatalFailure()) return;
  step(operation.name, true, [&](Step&) { return operation.act(*node_, scene_); });
}

// Several at once, which share commits; each is acknowledged by itself.
void Recording::burst() {
  step("burst", false, [&](Step& made) -> Status {
    std::vector<store::BlobInfo> blobs;
    for (int i = 0; i < kBurstSize; ++i) {
      WY_TRY(store::BlobInfo blob, node_->blobs().put(scene_.some_text(), 1 << 20));
      blobs.push_back(std::move(blob));
    }
    std::mutex mutex;
    Status outcome = Done{};
    const auto add = [&](const store::BlobInfo& blob) -> Status {
      std::string id;
      WY_RETURN_IF_ERROR(node_->write("document.add", "", [&](store::Transaction& tx) -> Status {
        WY_TRY(const Permit permit, node_->permit(tx, Action::write));
        store::NewDocument wanted;
        wanted.collection_id = scene_.collection_id;
        wanted.blob_sha256 = blob.sha256;
        wanted.size_bytes = blob.size_bytes;
        WY_TRY(const store::Added added,
               store::add_document(tx, permit, wanted, node_->policies().access_attributes(),
                                   node_->now()));
        id = added.document.id;
        return Done{};
      }));
      const std::lock_guard lock(mutex);
      made.acknowledged.emplace_back(id, log_->size());
      return Done{};
    };
    {
      std::vector<std::jthread> threads;
      for (const store::BlobInfo& blob : blobs) {
        threads.emplace_back([&] {
          if (Status added = add(blob); !added) {
            const std::lock_guard lock(mutex);
            outcome = added;
          }
        });
      }
    }
    return outcome;
  });
}

std::string Recording::judge(const Facts& found, std::size_t count) const {
  std::size_t at = 0;
  while (at < steps_.size() && steps_[at].end <= count) ++at;
  const Facts nothing;
  const Facts& before = at == 0 ? nothing : steps_[at - 1].after;
  if (at == steps_.size() || count == steps_[at].begin) return difference(before, found);
  const Step& open = steps_[at];
  if (open.is_whole) {
    const std::string as_before = difference(before, found);
    if (as_before.empty() || difference(open.after, found).empty()) return "";
    return "by halves: " + open.name + "\nbeside the state before it:\n" + as_before;
  }
  std::string wrong = missing(common(before, open.after), found);
  for (const auto& [id, moment] : open.acknowledged) {
    if (moment <= count && !found.contains(id)) wrong += "acknowledged and lost: " + id + "\n";
    const auto there = found.find(id);
    if (there != found.end() && there->second != open.after.at(id)) {
      wrong += "by halves: " + id + "\n";
    }
  }
  return wrong;
}

const Step* Recording::backup_before(std::size_t count) const {
  const Step* last = nullptr;
  for (const Step& each : steps_) {
    if (each.is_backed_up && each.end <= count) last = &each;
  }
  return last;
}

// What was there before the backup and has not changed since.
std::string Recording::judge_backup(const Facts& restored, std::size_t count) const {
  const Step* const backup = backup_before(count);
  WY_ASSERT(backup != nullptr && backup != steps_.data());
  Facts wanted = (backup - 1)->after;
  for (const Step* each = backup; each != steps_.data() + steps_.size(); ++each) {
    wanted = common(wanted, each->after);
    if (each->end > count) break;
  }
  return missing(wanted, restored);
}

}  // namespace wenyuan::crash
