// The models of one kind that are in memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/memory_need.h"
#include "llm/model_registry.h"
#include "llm/weights.h"

namespace wenyuan::llm {

// `Model` is Generator, Embedder or Reranker. A model stays until its file changes or another one
// needs the memory; then the one that was not used for longest goes first. get() is for one thread,
// names() for any.
template <class Model>
class LoadedModels {
 public:
  explicit LoadedModels(std::size_t thread_count, LoadOptions options = {})
      : options_(std::move(options)), threads_(thread_count) {}

  // Loads it when it is not there. The pointer is valid until the next call.
  Result<Model*> get(const std::shared_ptr<const OpenModel>& wanted) {
    const auto has_name = [&](const auto& loaded) {
      return loaded->model().info.name == wanted->info.name;
    };
    const auto found = std::find_if(models_.begin(), models_.end(), has_name);
    if (found != models_.end() && &(*found)->model() == wanted.get()) {
      const std::lock_guard lock(mutex_);
      models_.splice(models_.begin(), models_, found);
      return models_.front().get();
    }
    if (found != models_.end()) drop(found);
    WY_RETURN_IF_ERROR(make_room(*wanted));
    return load(wanted);
  }

  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& loaded : models_) names.push_back(loaded->model().info.name);
    return names;
  }

 private:
  using List = std::list<std::unique_ptr<Model>>;

  void drop(typename List::iterator at) {
    const std::lock_guard lock(mutex_);
    models_.erase(at);
  }

  Status make_room(const OpenModel& wanted) {
    const std::int64_t need = Model::memory_need(wanted, options_);
    while (need > memory_available() && !models_.empty()) {
      log::info("model_dropped", {{"model", models_.back()->model().info.name}});
      drop(std::prev(models_.end()));
    }
    return check_memory(wanted.info.name, need, memory_available());
  }

  Result<Model*> load(const std::shared_ptr<const OpenModel>& wanted) {
    const auto began = std::chrono::steady_clock::now();
    auto loaded = Model::load(wanted, threads_, options_);
    if (!loaded) return within("the model " + wanted->info.name, std::move(loaded).error());
    const auto time = std::chrono::steady_clock::now() - began;
    {
      const std::lock_guard lock(mutex_);
      models_.push_front(*std::move(loaded));
    }
    log::info("model_loaded",
              {{"model", wanted->info.name},
               {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(time).count()}});
    return models_.front().get();
  }

  const LoadOptions options_;
  compute::ThreadPool threads_;
  mutable std::mutex mutex_;
  // Used last first. Changed by the thread of get() alone, under mutex_.
  List models_;
};

}  // namespace wenyuan::llm
