#include "tests/llm/reference_checkpoint.h"

#include <unistd.h>

#include <fstream>
#include <numeric>

#include "tests/paths.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

std::uint64_t name_hash(std::string_view name) {
  std::uint64_t state = 0xCBF29CE484222325U;
  for (const char letter : name) {
    state = (state ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
  }
  return state;
}

std::uint64_t mixed(std::uint64_t number) {
  number += 0x9E3779B97F4A7C15U;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
  return number ^ (number >> 31);
}

void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

json small_tokenizer(std::size_t tokens, bool is_encoder) {
  json vocabulary = json::object();
  for (std::size_t i = 0; i < tokens; ++i) vocabulary["t" + std::to_string(i)] = i;
  if (is_encoder) {
    return {{"model", {{"type", "WordPiece"}, {"vocab", vocabulary}, {"unk_token", "t3"}}},
            {"normalizer", {{"type", "BertNormalizer"}, {"lowercase", true}}}};
  }
  return {{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", json::array()}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}}}};
}

std::vector<NamedTensor> tensors_of(const json& reference) {
  std::vector<NamedTensor> tensors;
  for (const json& entry : reference["tensors"]) {
    NamedTensor tensor{entry[0], entry[1], {}};
    const std::size_t count = std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                              std::size_t{1}, std::multiplies<>());
    tensor.values = reference_values(tensor.name, count, entry[2], entry[3]);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

json read_decoder_reference(const std::string& name) {
  std::ifstream file(project_dir() / "tests/llm/reference/decoders" / (name + ".json"));
  return file ? json::parse(file) : json::object();
}

std::vector<float> reference_values(std::string_view name, std::size_t count, double center,
                                    double amplitude) {
  const std::uint64_t seed = name_hash(name);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double unit = static_cast<double>(mixed(seed + i) >> 11) * 0x1p-53;
    values[i] = static_cast<float>(center + amplitude * (2 * unit - 1));
  }
  return values;
}

std::string safetensors_bytes(const std::vector<NamedTensor>& tensors) {
  json header = json::object();
  std::string data;
  for (const NamedTensor& tensor : tensors) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4);
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  bytes += text;
  bytes += data;
  return bytes;
}

ReferenceCheckpoint::ReferenceCheckpoint(const json& reference, const char* config)
    : folder_(fs::temp_directory_path() / ("wenyuan_checkpoint_" + std::to_string(::getpid()) +
                                           "_" + reference["name"].get<std::string>())) {
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  const bool is_encoder = reference["tops"].empty();
  write(folder_ / "config.json", reference[config].dump());
  write(folder_ / "tokenizer.json",
        small_tokenizer(reference["config"]["vocab_size"], is_encoder).dump());
  write(folder_ / "model.safetensors", safetensors_bytes(tensors_of(reference)));
}

ReferenceCheckpoint::~ReferenceCheckpoint() { fs::remove_all(folder_); }

}  // namespace wenyuan::llm
