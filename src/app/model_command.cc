// wenyuan model: the models directory.
#include <nlohmann/json.hpp>

#include <cstdio>
#include <iostream>

#include "app/command.h"
#include "app/model_files_command.h"
#include "llm/model_store.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

struct ModelFlags {
  std::string models = default_models_directory().string();
  std::string name;
  bool json = false;
};

json to_json(const llm::StoredModel& model) {
  json value = {{"name", model.info.name}};
  if (!model.problem.empty()) {
    value["problem"] = model.problem;
    return value;
  }
  value["kind"] = llm::name(model.info.kind);
  value["architecture"] = model.info.architecture;
  value["size_bytes"] = model.info.size_bytes;
  value["context_length"] = model.info.context_length;
  if (model.info.vector_size > 0) value["vector_size"] = model.info.vector_size;
  if (model.manifest) {
    value["source"] = model.manifest->source;
    value["sha256"] = model.manifest->sha256;
    value["licence"] = model.manifest->licence;
  }
  return value;
}

Status list(const ModelFlags& flags) {
  WY_TRY(const std::vector<llm::StoredModel> models, llm::ModelStore(flags.models).list());
  if (flags.json) {
    json all = json::array();
    for (const llm::StoredModel& model : models) all.push_back(to_json(model));
    std::cout << all.dump(2) << "\n";
    return Done{};
  }
  if (models.empty()) std::cout << "No models in " << flags.models << "\n";
  for (const llm::StoredModel& model : models) {
    if (!model.problem.empty()) {
      std::cout << model.info.name << "  cannot be used: " << model.problem << "\n";
      continue;
    }
    char size[32];
    std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(model.info.size_bytes) / 1e6);
    std::cout << model.info.name << "  " << llm::name(model.info.kind) << "  "
              << model.info.architecture << "  " << size << "\n";
  }
  return Done{};
}

Status show(const ModelFlags& flags) {
  WY_TRY(const llm::StoredModel model, llm::ModelStore(flags.models).show(flags.name));
  const json value = to_json(model);
  if (flags.json) {
    std::cout << value.dump(2) << "\n";
    return Done{};
  }
  for (const auto& [key, item] : value.items()) {
    std::cout << key << ": " << (item.is_string() ? item.get<std::string>() : item.dump()) << "\n";
  }
  return Done{};
}

Status pull(const ModelFlags& flags) {
  return llm::ModelStore(flags.models).pull(flags.name, [](std::string_view step) {
    std::cout << step << std::endl;
  });
}

Status remove(const ModelFlags& flags) { return llm::ModelStore(flags.models).remove(flags.name); }

using Work = Status (*)(const ModelFlags&);

void add(CLI::App& model, int& exit_code, const std::string& name, const std::string& what,
         bool named, Work work) {
  auto flags = std::make_shared<ModelFlags>();
  CLI::App* command = model.add_subcommand(name, what);
  command->add_option("--models", flags->models, "The models directory")
      ->envname("WENYUAN_MODELS")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print JSON");
  if (named) command->add_option("NAME", flags->name, "The model")->required();
  command->callback([flags, work, &exit_code] {
    const Status status = work(*flags);
    exit_code = status ? kExitGood : report(status.error());
  });
}

}  // namespace

void add_model_command(CLI::App& app, int& exit_code) {
  CLI::App* model =
      app.add_subcommand("model", "Models: get them, look at them, make them smaller");
  model->require_subcommand(1);
  add(*model, exit_code, "list", "The models that are there", false, list);
  add(*model, exit_code, "show", "All about one", true, show);
  add(*model, exit_code, "pull", "Fetch one of the catalogue, checked by its hash", true, pull);
  add(*model, exit_code, "rm", "Remove one", true, remove);
  add_model_files_commands(*model, exit_code);
}

}  // namespace wenyuan::app
