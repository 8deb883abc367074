// A run of a node with everything that it did to the disk, and what it had acknowledged when.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/crash/disk_log.h"
#include "tests/crash/facts.h"
#include "tests/crash/node.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {

// What was done between two moments of the log (counts of actions).
struct Step {
  std::string name;
  std::size_t begin = 0, end = 0;
  // One transaction at most: in between the store is as before or as after. Otherwise only what the
  // step does not touch is certain.
  bool is_whole = false;
  bool is_backed_up = false;  // all that was committed before it is in the backup
  // Of a burst: things that were acknowledged on the way, with the moment of each.
  std::vector<std::pair<std::string, std::size_t>> acknowledged{};
  Facts after{};
};

class Recording {
 public:
  // Sets up a new store, then does `count` operations that the seed chooses.
  Recording(std::uint64_t seed, int count);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  const DiskLog& log() const { return *log_; }
  const std::vector<Step>& steps() const { return steps_; }
  std::size_t size() const { return log_->size(); }

  // What is wrong with a store that was found after the first `count` actions; empty: nothing.
  std::string judge(const Facts& found, std::size_t count) const;

  // Whether a backup was acknowledged in the first `count` actions, and what is wrong with what it
  // gives back.
  bool has_backup(std::size_t count) const { return backup_before(count) != nullptr; }
  std::string judge_backup(const Facts& restored, std::size_t count) const;

 private:
  const Step* backup_before(std::size_t count) const;
  void start();
  void restart();
  void do_one(const Operation& operation);
  void burst();
  template <class Work>
  void step(const std::string& name, bool is_whole, Work work);

  Scratch scratch_;
  Scene scene_;
  std::unique_ptr<DiskLog> log_;
  std::unique_ptr<Node> node_;
  std::vector<Step> steps_;
};

// Follows what happens below a folder as long as it lives.
class Following {
 public:
  Following(DiskLog& log, const std::filesystem::path& root);
  ~Following();
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;
};

}  // namespace wenyuan::crash
