#include "llm/quantize.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/text.h"
#include "compute/quantize.h"
#include "llm/gguf_stream.h"
#include "llm/weight_formats.h"

namespace wenyuan::llm {
namespace {

// Elements that are in memory as floats at one time, and those of one thread's turn.
constexpr std::size_t kSlabElements = std::size_t{4} << 20;
constexpr std::size_t kTurnElements = std::size_t{64} << 10;

class TensorQuantizer {
 public:
  TensorQuantizer(GgufStream& stream, compute::ThreadPool& threads)
      : stream_(stream), threads_(threads) {}

  Status run(const TensorView& view, TensorType type, const ImportanceMatrix* importance) {
    if (type == view.type) return stream_.append(view.bytes);
    const std::size_t width = view.shape.front();
    const std::size_t rows = view.element_count() / width;
    const std::size_t parts = view.shape.size() > 2 ? view.shape[2] : 1;
    if (rows % parts != 0) return Error{ErrorCode::corrupt, view.name + " has no usable shape"};
    for (std::size_t part = 0; part < parts; ++part) {
      std::vector<float> weights;
      if (importance != nullptr) weights = importance->importance(view.name, width, part);
      const std::size_t begin = rows / parts * part;
      WY_RETURN_IF_ERROR(run_rows(view, type, weights, begin, begin + rows / parts));
    }
    return Done{};
  }

 private:
  Status run_rows(const TensorView& view, TensorType type, std::span<const float> weights,
                  std::size_t begin, std::size_t end) {
    const std::size_t width = view.shape.front();
    const std::size_t slab = std::max<std::size_t>(1, kSlabElements / width);
    for (std::size_t row = begin; row < end; row += slab) {
      const std::size_t count = std::min(slab, end - row);
      WY_RETURN_IF_ERROR(run_slab(view, type, weights, row, count));
    }
    return Done{};
  }

  Status run_slab(const TensorView& view, TensorType type, std::span<const float> weights,
                  std::size_t row, std::size_t count) {
    const std::size_t width = view.shape.front();
    const auto bytes_a_row = [width](TensorType of) {
      return width / block_size(of)->elements * block_size(of)->bytes;
    };
    const std::size_t in_row = bytes_a_row(view.type);
    const std::size_t out_row = bytes_a_row(type);
    const compute::WeightType from = *weight_type_of(view.type);
    const compute::WeightType to = *weight_type_of(type);
    encoded_.resize(count * out_row);
    const std::size_t turn = std::max<std::size_t>(1, kTurnElements / width);
    std::mutex mutex;
    Status status = Done{};
    threads_.parallel_for((count + turn - 1) / turn, [&](std::size_t at) {
      const std::size_t first = at * turn;
      const std::size_t rows = std::min(turn, count - first);
      std::vector<float> values(rows * width);
      compute::dequantize(from, view.bytes.data() + (row + first) * in_row, values);
      Status done = compute::quantize(to, values, weights, encoded_.data() + first * out_row);
      if (done) return;
      const std::lock_guard lock(mutex);
      status = std::move(done);
    });
    if (!status) return within("the tensor " + view.name, std::move(status).error());
    return stream_.append(encoded_);
  }

  GgufStream& stream_;
  compute::ThreadPool& threads_;
  std::vector<std::uint8_t> encoded_;
};

// Everything that the file says, but for what changes.
GgufMetadata copied_metadata(const Gguf& file, const QuantizeMix& mix) {
  GgufMetadata metadata;
  for (const auto& [key, value] : file.metadata()) {
    if (key.starts_with("split.") || key == "general.file_type" || key == "general.alignment" ||
        key == "general.quantization_version") {
      continue;
    }
    const auto raw = file.raw_value(key);
    metadata.emplace_back(
        key, GgufRawValue{std::string(reinterpret_cast<const char*>(raw.data()), raw.size())});
  }
  metadata.emplace_back("general.file_type", mix.file_type);
  metadata.emplace_back("general.quantization_version", std::uint32_t{2});
  return metadata;
}

}  // namespace

Status quantize_model(const Gguf& file, const std::filesystem::path& to, const QuantizeMix& mix,
                      compute::ThreadPool& threads, const QuantizeOptions& options) {
  const MixFacts facts = MixFacts::of(file, options.importance != nullptr);
  std::vector<GgufTensor> tensors;
  for (const auto& [key, view] : file.tensors()) {
    const TensorType type = mixed_type(mix, facts, view);
    if (type != view.type && !weight_type_of(view.type)) {
      return Error{ErrorCode::unsupported_media, "the tensor " + json_quoted(key) + " is of " +
                                                     std::string(name(view.type)) +
                                                     ", which cannot be read"};
    }
    tensors.push_back({key, type, view.shape});
  }
  WY_TRY(GgufStream stream, GgufStream::create(to, copied_metadata(file, mix), tensors));
  TensorQuantizer quantizer(stream, threads);
  std::size_t at = 0;
  for (const auto& [key, view] : file.tensors()) {
    const TensorType type = tensors[at++].type;
    if (options.on_tensor) options.on_tensor(key, view.type, type);
    WY_RETURN_IF_ERROR(quantizer.run(view, type, options.importance));
  }
  return stream.finish();
}

}  // namespace wenyuan::llm
