#include "llm/model_registry.h"

#include <sys/stat.h>

#include <cerrno>
#include <new>
#include <set>

#include "llm/bert_weights.h"
#include "llm/decoder/architectures.h"
#include "llm/engine_request.h"
#include "llm/gguf_split.h"
#include "llm/model_store.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kManifestSizeMax = std::size_t{64} << 10;

std::optional<ModelKind> kind_of(const Gguf& file) {
  for (const DecoderArchitecture& known : decoder_architectures()) {
    if (file.architecture() == known.name) return ModelKind::generator;
  }
  if (!is_bert(file)) return std::nullopt;
  return is_ranking_bert(file) ? ModelKind::reranker : ModelKind::embedder;
}

// A text out of the file, fit for a message.
std::string shown(std::string_view text) { return std::string(text.substr(0, 64)); }

Result<ModelInfo> describe(const std::string& name, const Gguf& file) {
  ModelInfo info;
  info.name = name;
  info.architecture = file.architecture();
  const auto kind = kind_of(file);
  if (!kind) {
    return Error{ErrorCode::unsupported_media,
                 "its architecture is \"" + shown(info.architecture) + "\", which cannot be run"};
  }
  info.kind = *kind;
  info.size_bytes = static_cast<std::int64_t>(file.size_bytes());
  info.context_length = file.integer(info.architecture + ".context_length").value_or(0);
  if (info.context_length < 1) {
    return Error{ErrorCode::corrupt, "it has no " + info.architecture + ".context_length"};
  }
  if (info.kind == ModelKind::embedder) {
    info.vector_size = file.integer(info.architecture + ".embedding_length").value_or(0);
  }
  return info;
}

Result<std::shared_ptr<const OpenModel>> open_all(const ModelInfo& info, const fs::path& path) {
  auto model = std::make_shared<OpenModel>();
  WY_TRY(Gguf file, Gguf::open(path));
  model->info = info;
  model->file = std::make_shared<const Gguf>(std::move(file));
  WY_TRY(model->tokenizer, Tokenizer::create(*model->file));
  if (info.kind == ModelKind::generator) {
    WY_TRY(model->chat, ChatTemplate::create(*model->file));
  } else if (info.kind == ModelKind::embedder) {
    model->query_prefix = model->file->text("wenyuan.embed.query_prefix").value_or("");
    model->passage_prefix = model->file->text("wenyuan.embed.passage_prefix").value_or("");
  }
  return std::shared_ptr<const OpenModel>(std::move(model));
}

// Of the manifest beside the file, when it is of a file of this size.
std::string sha256_in_manifest(const fs::path& path, std::int64_t size_bytes) {
  const auto text = read_file(path, kManifestSizeMax);
  if (!text) return {};
  const auto manifest = decode_manifest(*text);
  return manifest && manifest->size_bytes == size_bytes ? manifest->sha256 : std::string();
}

Result<ModelInfo> describe_file(const std::string& name, const fs::path& path) {
  try {
    WY_TRY(const Gguf file, Gguf::open(path));
    return describe(name, file);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::unavailable, "there is not enough memory to read it"};
  }
}

}  // namespace

fs::path ModelRegistry::path_of(const std::string& name) const {
  return model_files(folder_, name).front();
}

Result<ModelRegistry::Stamp> ModelRegistry::stamp_of(const std::string& name) const {
  struct stat info {};
  if (::stat(path_of(name).c_str(), &info) != 0) {
    if (errno != ENOENT) return errno_error("read", path_of(name));
    return Error{ErrorCode::not_found, "there is no model " + name};
  }
  return Stamp{info.st_dev, info.st_ino, info.st_size,
               std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

Result<ModelRegistry::Known*> ModelRegistry::look_up(const std::string& name) {
  const auto found = known_.find(name);
  const auto stamp = stamp_of(name);
  if (!stamp) {
    if (found != known_.end()) known_.erase(found);
    return stamp.error();
  }
  if (found != known_.end() && found->second.stamp == *stamp) return &found->second;
  Known fresh{*stamp, describe_file(name, path_of(name)), nullptr};
  return &known_.insert_or_assign(name, std::move(fresh)).first->second;
}

Result<ModelList> ModelRegistry::list() {
  std::error_code error;
  std::set<std::string> names;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    const auto name = model_name_of(path);
    if (!name || !check_model_name(*name)) continue;
    names.insert(*name);
    if (names.size() == kModelCountMax) break;
  }
  if (error) {
    return Error{ErrorCode::unavailable,
                 "read the models of " + folder_.string() + ": " + error.message()};
  }
  ModelList list;
  const std::lock_guard lock(mutex_);
  for (const std::string& name : names) {
    const auto known = look_up(name);
    if (!known) {
      if (known.error().code != ErrorCode::not_found) list.broken.push_back({name, known.error()});
    } else if (const auto& info = (*known)->info; info) {
      list.models.push_back(*info);
      list.models.back().sha256 =
          sha256_in_manifest(folder_ / (name + ".manifest"), info->size_bytes);
    } else {
      list.broken.push_back({name, info.error()});
    }
  }
  return list;
}

Result<std::shared_ptr<const OpenModel>> ModelRegistry::open(const std::string& name) {
  WY_RETURN_IF_ERROR(check_model_name(name));
  const std::lock_guard lock(mutex_);
  WY_TRY(Known * known, look_up(name));
  if (!known->info) return within("the model " + name, known->info.error());
  if (!known->model) {
    auto model = open_all(*known->info, path_of(name));
    if (!model) return within("the model " + name, std::move(model).error());
    known->model = *std::move(model);
  }
  return known->model;
}

}  // namespace wenyuan::llm
