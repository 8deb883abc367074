#include "app/models.h"

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

Result<ChosenModels> choose_models(const Config& config, const std::string& indexed) {
  ChosenModels chosen;
  llm::ModelRegistry registry(config.models);
  auto list = registry.list();
  if (!list) {
    const bool is_named =
        !(config.embedding_model + config.chat_model + config.reranker_model).empty();
    if (is_named) return within("the models that are configured", list.error());
    return chosen;
  }
  if (!config.reranker_model.empty()) {
    const auto* reranker = find(list->models, llm::ModelKind::reranker, config.reranker_model);
    if (reranker == nullptr) return missing("reranker_model", config.reranker_model, config);
    chosen.reranker = reranker->name;
  }
  const auto* embedder = find(list->models, llm::ModelKind::embedder,
                              config.embedding_model.empty() ? indexed : config.embedding_model);
  if (embedder == nullptr && config.embedding_model.empty()) {
    embedder = find(list->models, llm::ModelKind::embedder, "");
  }
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
