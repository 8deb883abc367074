#include "app/erasure_sweep.h"

#include <algorithm>

#include "base/log.h"
#include "store/erasure_log.h"

namespace wenyuan::app {
namespace {

// A prompt of somebody else takes the place of the one that a model remembers. An engine that does
// not run remembers nothing.
Status forget_prompts(llm::EngineClient& engine, const std::stop_token& stop) {
  const auto status = engine.status();
  const auto models = engine.models();
  if (!status || !models) return Done{};
  for (const llm::ModelInfo& model : *models) {
    const auto& loaded = status->loaded;
    const bool remembers = model.kind == llm::ModelKind::generator &&
                           std::find(loaded.begin(), loaded.end(), model.name) != loaded.end();
    if (!remembers) continue;
    llm::GenerateRequest request;
    request.model = model.name;
    request.prompt = ".";
    request.tokens_max = 1;
    request.cache_scope = "erasure";
    const auto done = engine.generate(
        request, [](std::string_view) { return true; }, stop);
    if (!done) return done.error();
  }
  return Done{};
}

Status sweep(store::Database& database, ingest::Indexer& indexer, llm::EngineClient& engine,
             UnixMillis now, const std::stop_token& stop) {
  WY_TRY(const std::int64_t last,
         database.read([](store::Snapshot& snapshot) { return store::last_unswept(snapshot); }));
  if (last == 0) return Done{};
  WY_RETURN_IF_ERROR(indexer.catch_up_all(stop));
  WY_RETURN_IF_ERROR(indexer.seal_changed(false));
  WY_RETURN_IF_ERROR(forget_prompts(engine, stop));
  WY_RETURN_IF_ERROR(database.checkpoint());
  return database.write([&](store::Transaction& tx) { return store::mark_swept(tx, last, now); });
}

}  // namespace

void sweep_erasures(store::Database& database, ingest::Indexer& indexer, llm::EngineClient& engine,
                    UnixMillis now, const std::stop_token& stop) {
  const Status swept = sweep(database, indexer, engine, now, stop);
  if (!swept) log::info("store.sweep_later", {{"why", swept.error().message}});
}

void empty_log(store::Database& database) {
  if (const Status emptied = database.checkpoint(); !emptied) {
    log::debug("store.checkpoint_later", {{"why", emptied.error().message}});
  }
}

}  // namespace wenyuan::app
