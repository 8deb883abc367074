#include "llm/importance_matrix.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "llm/gguf.h"
#include "llm/gguf_writer.h"

namespace wenyuan::llm {
namespace {

constexpr std::string_view kSums = ".in_sum2";
constexpr std::string_view kCounts = ".counts";

std::string with_suffix(std::string_view name, std::string_view suffix) {
  std::string text(name);
  text += suffix;
  return text;
}

Result<std::vector<float>> numbers_of(const TensorView& view) {
  if (view.type != TensorType::f32) {
    return Error{ErrorCode::corrupt, "the tensor " + json_quoted(view.name) + " is not F32"};
  }
  std::vector<float> values(view.element_count());
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  for (const float value : values) {
    if (!std::isfinite(value) || value < 0) {
      return Error{ErrorCode::corrupt,
                   "the tensor " + json_quoted(view.name) + " has a number that is no sum"};
    }
  }
  return values;
}

std::span<const std::uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

Result<ImportanceMatrix> ImportanceMatrix::read(const std::filesystem::path& path) {
  WY_TRY(const Gguf file, Gguf::open(path));
  if (file.text("general.type").value_or("") != "imatrix") {
    return Error{ErrorCode::unsupported_media, "the file is no importance matrix"};
  }
  ImportanceMatrix matrix;
  for (const auto& [name, view] : file.tensors()) {
    if (!name.ends_with(kSums)) continue;
    const std::string tensor = name.substr(0, name.size() - kSums.size());
    const TensorView* counts = file.tensor(with_suffix(tensor, kCounts));
    Entry entry;
    WY_TRY(entry.squares, numbers_of(view));
    if (counts == nullptr || entry.squares.size() % counts->element_count() != 0) {
      return Error{ErrorCode::corrupt, "the sums of " + json_quoted(tensor) + " have no counts"};
    }
    WY_TRY(entry.counts, numbers_of(*counts));
    matrix.entries_.emplace(tensor, std::move(entry));
  }
  return matrix;
}

Status ImportanceMatrix::write(const std::filesystem::path& path, const std::string& text_name,
                               std::uint32_t chunk_count, std::uint32_t chunk_size) const {
  GgufWriter writer;
  writer.set("general.type", std::string("imatrix"));
  writer.set("imatrix.datasets", std::vector<std::string>{text_name});
  writer.set("imatrix.chunk_count", chunk_count);
  writer.set("imatrix.chunk_size", chunk_size);
  for (const auto& [tensor, entry] : entries_) {
    const std::uint64_t parts = entry.counts.size();
    writer.add_tensor(with_suffix(tensor, kSums), TensorType::f32,
                      {entry.squares.size() / parts, parts}, bytes_of(entry.squares));
    writer.add_tensor(with_suffix(tensor, kCounts), TensorType::f32, {1, parts},
                      bytes_of(entry.counts));
  }
  return writer.write(path);
}

void ImportanceMatrix::add(const std::string& tensor, std::vector<float> squares,
                           std::vector<float> counts) {
  WY_ASSERT(!counts.empty() && !squares.empty() && squares.size() % counts.size() == 0);
  entries_[tensor] = {std::move(squares), std::move(counts)};
}

std::vector<float> ImportanceMatrix::importance(std::string_view tensor, std::size_t inputs,
                                                std::size_t part) const {
  const auto at = entries_.find(tensor);
  if (at == entries_.end()) return {};
  const Entry& entry = at->second;
  if (entry.squares.size() != inputs * entry.counts.size()) return {};
  // What was measured for all experts together serves each of them.
  const std::size_t from = entry.counts.size() == 1 ? 0 : part;
  if (from >= entry.counts.size() || entry.counts[from] == 0) return {};
  std::vector<float> means(inputs);
  for (std::size_t i = 0; i < inputs; ++i) {
    means[i] = entry.squares[from * inputs + i] / entry.counts[from];
  }
  return means;
}

}  // namespace wenyuan::llm
