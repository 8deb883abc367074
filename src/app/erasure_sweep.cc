#include "app/erasure_sweep.h"

#include <algorithm>
#include <set>

#include "audit/receipt.h"
#include "base/log.h"
#include "store/blob_removal.h"
#include "store/erasure_log.h"

namespace wenyuan::app {
namespace {

constexpr std::size_t kPage = 500;

Status replace_prompt(llm::EngineClient& engine, const std::string& model,
                      const std::stop_token& stop) {
  llm::GenerateRequest request;
  request.model = model;
  request.prompt = ".";
  request.tokens_max = 1;
  request.cache_scope = "erasure";
  WY_RETURN_IF_ERROR(engine.generate(
      request, [](std::string_view) { return true; }, stop));
  return Done{};
}

// A prompt of somebody else takes the place of the one that a model remembers.
Status forget_prompts(const SweepParts& parts, const std::stop_token& stop) {
  // Without a process nothing is remembered. One that does not answer may remember all of it.
  if (parts.supervisor.state().pid == 0) return Done{};
  WY_TRY(const llm::EngineStatus status, parts.engine.status());
  if (status.loaded.empty()) return Done{};
  WY_TRY(const std::vector<llm::ModelInfo> models, parts.engine.models());
  for (const llm::ModelInfo& model : models) {
    const bool loaded =
        std::find(status.loaded.begin(), status.loaded.end(), model.name) != status.loaded.end();
    if (model.kind != llm::ModelKind::generator || !loaded) continue;
    WY_RETURN_IF_ERROR(replace_prompt(parts.engine, model.name, stop));
  }
  return Done{};
}

// Empty when nothing is.
Result<std::string> outstanding(const SweepParts& parts, const store::Unswept& erasure,
                                const std::set<std::string>& left) {
  if (erasure.secret_left) return std::string("its secrets are not destroyed");
  const auto receipt = audit::parse_receipt(erasure.receipt);
  if (!receipt) return receipt.error().message;
  std::vector<std::string> originals;
  for (const audit::ErasedOriginal& each : receipt->originals) originals.push_back(each.sha256);
  WY_TRY(const auto files, store::remove_blobs(parts.database, parts.blobs, originals));
  if (!files.empty()) return std::to_string(files.size()) + " of its originals are there";
  for (const audit::ErasedDocument& each : receipt->documents) {
    if (left.contains(each.receipt_id)) return "its document " + each.id + " is not";
  }
  return std::string();
}

// What of one page is clean; `left` takes the ids of the receipts of what is not.
Result<std::vector<std::int64_t>> clean_of(const SweepParts& parts,
                                           const std::vector<store::Unswept>& page,
                                           std::set<std::string>& left) {
  std::vector<std::int64_t> clean;
  for (const store::Unswept& each : page) {
    WY_TRY(const std::string what, outstanding(parts, each, left));
    if (what.empty()) {
      clean.push_back(each.number);
      continue;
    }
    left.insert(each.receipt_id);
    log::warn("store.erasure_outstanding", {{"receipt", each.receipt_id}, {"why", what}});
  }
  return clean;
}

Result<std::vector<store::Unswept>> unswept(store::Database& database, std::int64_t after) {
  return database.read(
      [&](store::Snapshot& snapshot) { return store::unswept(snapshot, after, kPage); });
}

Status sweep(const SweepParts& parts, UnixMillis now, const std::stop_token& stop) {
  // Before anything is made clean: what is erased meanwhile waits for the next time.
  WY_TRY(const std::int64_t last, parts.database.read([](store::Snapshot& snapshot) {
    return store::last_unswept(snapshot);
  }));
  if (last == 0) return Done{};
  WY_RETURN_IF_ERROR(parts.indexer.catch_up_all(stop));
  WY_RETURN_IF_ERROR(parts.indexer.seal_changed(false));
  WY_RETURN_IF_ERROR(forget_prompts(parts, stop));
  // Any write destroys what secrets were left.
  WY_RETURN_IF_ERROR(parts.database.write([](store::Transaction&) { return Status(Done{}); }));
  WY_RETURN_IF_ERROR(parts.database.checkpoint());
  std::set<std::string> left;
  for (std::int64_t at = 0; at < last && !stop.stop_requested();) {
    WY_TRY(std::vector<store::Unswept> page, unswept(parts.database, at));
    while (!page.empty() && page.back().number > last) page.pop_back();
    if (page.empty()) break;
    at = page.back().number;
    WY_TRY(const std::vector<std::int64_t> clean, clean_of(parts, page, left));
    WY_RETURN_IF_ERROR(parts.database.write(
        [&](store::Transaction& tx) { return store::mark_swept(tx, clean, now); }));
  }
  return Done{};
}

}  // namespace

void sweep_erasures(const SweepParts& parts, UnixMillis now, const std::stop_token& stop) {
  const Status swept = sweep(parts, now, stop);
  if (!swept) log::warn("store.sweep_later", {{"why", swept.error().message}});
}

void empty_log(store::Database& database) {
  if (const Status emptied = database.checkpoint(); !emptied) {
    log::debug("store.checkpoint_later", {{"why", emptied.error().message}});
  }
}

}  // namespace wenyuan::app
