// Knows the model files of one directory, and opens them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "llm/chat_template.h"
#include "llm/engine_protocol.h"
#include "llm/gguf.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {

// A model file with everything but its weights in use. Thread-safe, as all of it is const.
struct OpenModel {
  ModelInfo info;
  std::shared_ptr<const Gguf> file;
  std::unique_ptr<const Tokenizer> tokenizer;
  std::optional<ChatTemplate> chat;  // generators only
  std::string query_prefix;          // embedders only
  std::string passage_prefix;
};

// Files may come, go and change at any time: every call looks at the directory anew, and reads
// again what has changed. Thread-safe.
class ModelRegistry {
 public:
  explicit ModelRegistry(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Every model of the directory, by name, also of several files. Files that cannot be used are
  // among the broken.
  Result<ModelList> list();

  // The same pointer as long as the file stays the same. not_found when there is no such file, or
  // what is wrong with it.
  Result<std::shared_ptr<const OpenModel>> open(const std::string& name);

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    Stamp stamp;
    Result<ModelInfo> info;
    std::shared_ptr<const OpenModel> model;  // null until somebody opens it
  };

  Result<Stamp> stamp_of(const std::string& name) const;
  // What is known of the file as it is now; mutex_ is held.
  Result<Known*> look_up(const std::string& name);
  std::filesystem::path path_of(const std::string& name) const;

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // guarded by mutex_
};

}  // namespace wenyuan::llm
