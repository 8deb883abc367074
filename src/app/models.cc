#include "app/models.h"

#include "base/log.h"
#include "llm/model_registry.h"

namespace wenyuan::app {
namespace {

const llm::ModelInfo* find(const std::vector<llm::ModelInfo>& models, llm::ModelKind kind,
                           const std::string& wanted) {
  for (const llm::ModelInfo& model : models) {
    if (model.kind == kind && (wanted.empty() || model.name == wanted)) return &model;
  }
  return nullptr;
}

Error missing(const std::string& setting, const std::string& name, const Config& config) {
  return Error{
      ErrorCode::invalid_argument,
      setting + " is " + name + ", but there is no such model in " + config.models.string()};
}

}  // namespace

Result<ChosenModels> choose_models(const Config& config) {
  ChosenModels chosen;
  llm::ModelRegistry registry(config.models);
  auto list = registry.list();
  if (!list) {
    log::warn("models.none", {{"directory", config.models.string()}});
    return chosen;
  }
  const auto* embedder = find(list->models, llm::ModelKind::embedder, config.embedding_model);
  const auto* generator = find(list->models, llm::ModelKind::generator, config.chat_model);
  if (embedder == nullptr && !config.embedding_model.empty()) {
    return missing("embedding_model", config.embedding_model, config);
  }
  if (generator == nullptr && !config.chat_model.empty()) {
    return missing("chat_model", config.chat_model, config);
  }
  if (embedder != nullptr) {
    chosen.embedding = {embedder->name, static_cast<std::size_t>(embedder->vector_size)};
  }
  if (generator != nullptr) chosen.chat = generator->name;
  return chosen;
}

}  // namespace wenyuan::app
