// Small random encoders, and what they compute, written down as plainly as can be.
#pragma once

#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "llm/gguf_writer.h"
#include "llm/model.h"
#include "tests/llm/numerics_models.h"

namespace wenyuan::llm {

struct PlainShape {
  std::string architecture = "bert";
  std::uint32_t pooling = 1;
  bool is_fused = false;
  bool has_biases = true;
  bool has_classifier_layer = true;
};

// Every number is a double; there are no kernels, no packing and no batches.
class PlainBert {
 public:
  using Row = std::vector<double>;
  static constexpr std::size_t kWidth = 64, kHeads = 4, kHeadSize = 16, kInner = 96, kLayers = 2;
  static constexpr std::size_t kContext = 80, kTypes = 2;
  static constexpr double kEpsilon = 1e-5, kBase = 1000;

  explicit PlainBert(const PlainShape& shape) : shape_(shape) {
    set_metadata();
    add("token_embd.weight", {kWidth, kVocabulary}, 0, 1);
    if (!is_nomic()) add("position_embd.weight", {kWidth, kContext}, 0, 0.5F);
    add("token_types.weight", {kWidth, kTypes}, 0, 0.5F);
    add_norm("token_embd_norm");
    for (std::size_t i = 0; i < kLayers; ++i) add_layer("blk." + std::to_string(i) + ".");
    if (shape_.pooling == 4) {
      if (shape_.has_classifier_layer) add_linear("cls", kWidth, kWidth, true);
      add_linear("cls.output", kWidth, 1, true);
    }
  }

  std::shared_ptr<const Gguf> file() const { return opened(writer_.encode()); }

  // The states behind the last layer.
  std::vector<Row> states(const std::vector<TokenId>& tokens, std::size_t second) const {
    std::vector<Row> rows;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
      Row row = part("token_embd.weight", static_cast<std::size_t>(tokens[at]));
      if (!is_nomic()) add_to(row, part("position_embd.weight", at));
      add_to(row, part("token_types.weight", second != 0 && at >= second ? 1 : 0));
      rows.push_back(norm(row, "token_embd_norm"));
    }
    for (std::size_t i = 0; i < kLayers; ++i) layer(rows, "blk." + std::to_string(i) + ".");
    return rows;
  }

  double score(const std::vector<TokenId>& tokens, std::size_t second) const {
    Row state = states(tokens, second).front();
    if (shape_.has_classifier_layer) {
      state = linear(state, "cls", kWidth);
      for (double& value : state) value = std::tanh(value);
    }
    return linear(state, "cls.output", 1)[0];
  }

 private:
  bool is_nomic() const { return shape_.architecture == "nomic-bert"; }

  void set_metadata() {
    const std::string prefix = shape_.architecture + ".";
    writer_.set("general.architecture", shape_.architecture);
    const auto number = [&](const char* key, std::size_t value) {
      writer_.set(prefix + key, static_cast<std::uint32_t>(value));
    };
    number("block_count", kLayers);
    number("context_length", kContext);
    number("embedding_length", kWidth);
    number("feed_forward_length", kInner);
    number("attention.head_count", kHeads);
    number("pooling_type", shape_.pooling);
    writer_.set(prefix + "attention.layer_norm_epsilon", static_cast<float>(kEpsilon));
    if (is_nomic()) writer_.set(prefix + "rope.freq_base", static_cast<float>(kBase));
  }

  void add(const std::string& name, std::vector<std::uint64_t> shape, float mean, float deviation) {
    std::size_t count = 1;
    for (const std::uint64_t size : shape) count *= size;
    std::vector<float>& values = values_[name];
    std::normal_distribution<float> normal(mean, deviation);
    for (std::size_t i = 0; i < count; ++i) values.push_back(normal(random_));
    writer_.add_tensor(name, TensorType::f32, std::move(shape),
                       {reinterpret_cast<const std::uint8_t*>(values.data()), count * 4});
  }
  void add_linear(const std::string& name, std::size_t in, std::size_t out, bool bias) {
    add(name + ".weight", {in, out}, 0, 0.2F);
    if (bias) add(name + ".bias", {out}, 0, 0.2F);
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {kWidth}, 1, 0.2F);
    add(name + ".bias", {kWidth}, 0, 0.2F);
  }
  void add_layer(const std::string& prefix) {
    const bool bias = shape_.has_biases;
    if (shape_.is_fused) {
      add_linear(prefix + "attn_qkv", kWidth, 3 * kWidth, bias);
    } else {
      for (const char* name : {"attn_q", "attn_k", "attn_v"}) {
        add_linear(prefix + name, kWidth, kWidth, bias);
      }
    }
    add_linear(prefix + "attn_output", kWidth, kWidth, bias);
    add_norm(prefix + "attn_output_norm");
    if (is_nomic()) add_linear(prefix + "ffn_gate", kWidth, kInner, bias);
    add_linear(prefix + "ffn_up", kWidth, kInner, bias);
    add_linear(prefix + "ffn_down", kInner, kWidth, bias);
    add_norm(prefix + "layer_output_norm");
  }

  Row part(const std::string& name, std::size_t row) const {
    const auto begin = values_.at(name).begin() + static_cast<std::ptrdiff_t>(row * kWidth);
    return Row(begin, begin + kWidth);
  }
  static void add_to(Row& row, const Row& more) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += more[i];
  }
  Row norm(const Row& x, const std::string& name) const {
    double mean = 0;
    double variance = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (const double value : x) {
      variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    }
    Row out;
    for (std::size_t i = 0; i < x.size(); ++i) {
      out.push_back((x[i] - mean) / std::sqrt(variance + kEpsilon) *
                        double{values_.at(name + ".weight")[i]} +
                    double{values_.at(name + ".bias")[i]});
    }
    return out;
  }
  Row linear(const Row& x, const std::string& name, std::size_t outputs,
             std::size_t first = 0) const {
    const std::vector<float>& weight = values_.at(name + ".weight");
    const auto bias = values_.find(name + ".bias");
    Row out(outputs);
    for (std::size_t row = 0; row < outputs; ++row) {
      if (bias != values_.end()) out[row] = double{bias->second[first + row]};
      for (std::size_t i = 0; i < x.size(); ++i) {
        out[row] += double{weight[(first + row) * x.size() + i]} * x[i];
      }
    }
    return out;
  }
  // Queries, keys or values.
  Row project(const Row& x, const std::string& prefix, std::size_t which) const {
    if (shape_.is_fused) return linear(x, prefix + "attn_qkv", kWidth, which * kWidth);
    return linear(x, prefix + "attn_" + "qkv"[which], kWidth);
  }
  // Pairs are half a head apart.
  static void turn(Row& x, std::size_t position) {
    constexpr std::size_t kHalf = kHeadSize / 2;
    for (std::size_t at = 0; at < kWidth; at += kHeadSize) {
      for (std::size_t i = 0; i < kHalf; ++i) {
        const double angle =
            static_cast<double>(position) *
            std::pow(kBase, -2.0 * static_cast<double>(i) / static_cast<double>(kHeadSize));
        const double a = x[at + i];
        const double b = x[at + i + kHalf];
        x[at + i] = a * std::cos(angle) - b * std::sin(angle);
        x[at + i + kHalf] = b * std::cos(angle) + a * std::sin(angle);
      }
    }
  }
  Row attend(const std::vector<Row>& q, const std::vector<Row>& k, const std::vector<Row>& v,
             std::size_t query) const {
    Row out(kWidth);
    for (std::size_t head = 0; head < kWidth; head += kHeadSize) {
      Row weights;
      double sum = 0;
      for (std::size_t key = 0; key < k.size(); ++key) {
        double dot = 0;
        for (std::size_t i = head; i < head + kHeadSize; ++i) dot += q[query][i] * k[key][i];
        weights.push_back(std::exp(dot / std::sqrt(static_cast<double>(kHeadSize))));
        sum += weights.back();
      }
      for (std::size_t key = 0; key < k.size(); ++key) {
        for (std::size_t i = head; i < head + kHeadSize; ++i) {
          out[i] += weights[key] / sum * v[key][i];
        }
      }
    }
    return out;
  }
  Row feed_forward(const Row& x, const std::string& prefix) const {
    Row inner = linear(x, prefix + "ffn_up", kInner);
    const Row gate = is_nomic() ? linear(x, prefix + "ffn_gate", kInner) : Row();
    for (std::size_t i = 0; i < kInner; ++i) {
      inner[i] *= is_nomic() ? gate[i] / (1 + std::exp(-gate[i]))
                             : 0.5 * (1 + std::erf(inner[i] / std::sqrt(2.0)));
    }
    return linear(inner, prefix + "ffn_down", kWidth);
  }
  void layer(std::vector<Row>& rows, const std::string& prefix) const {
    std::vector<Row> parts[3];
    for (std::size_t which = 0; which < 3; ++which) {
      for (std::size_t at = 0; at < rows.size(); ++at) {
        parts[which].push_back(project(rows[at], prefix, which));
        if (is_nomic() && which < 2) turn(parts[which].back(), at);
      }
    }
    for (std::size_t at = 0; at < rows.size(); ++at) {
      const Row attended = attend(parts[0], parts[1], parts[2], at);
      add_to(rows[at], linear(attended, prefix + "attn_output", kWidth));
    }
    for (Row& row : rows) {
      row = norm(row, prefix + "attn_output_norm");
      add_to(row, feed_forward(row, prefix));
      row = norm(row, prefix + "layer_output_norm");
    }
  }

  const PlainShape shape_;
  GgufWriter writer_;
  std::mt19937 random_{5};
  std::map<std::string, std::vector<float>> values_;
};

}  // namespace wenyuan::llm
