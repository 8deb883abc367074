// Runs texts through the layers of a "bert" or "nomic-bert" encoder: normalisation behind each
// part, every token sees every other of its text.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compute/activations.h"
#include "llm/bert_weights.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {

struct BertInput {
  std::span<const TokenId> tokens;  // special ones included
  std::size_t second = 0;           // so many belong to the first of two texts; 0: all
};

// One thread at a time. What a text gets does not depend on the texts beside it.
class BertLayers {
 public:
  BertLayers(std::shared_ptr<const Gguf> file, BertWeights weights, compute::ThreadPool& threads,
             const LoadOptions& options);

  const BertWeights& weights() const { return weights_; }
  const compute::Kernels& kernels() const { return kernels_; }

  // invalid_argument or too_large for a text that run() must not be given.
  Status check(const BertInput& input) const;
  // So many inputs from the front as go together in one run.
  static std::size_t batch_size(std::span<const BertInput> inputs);
  void run(std::span<const BertInput> inputs);

  // Of the last run: the rows of an input's tokens, and the state of a row.
  struct Rows {
    std::size_t begin;
    std::size_t count;
  };
  const Rows& rows(std::size_t input) const { return rows_[input]; }
  void read_state(std::size_t row, float* out) const;

 private:
  void make_room(std::span<const BertInput> inputs);
  void embed(std::span<const BertInput> inputs);
  void run_layer(const BertLayer& layer, const BertNorm& norm_before);
  void feed_forward(const BertLayer& layer);
  void normalise_and_fill(const BertNorm& norm, compute::ActivationForms forms);
  void turn();
  void attend(const Rows& text, std::size_t head);
  void add_product(const BertLinear& linear);

  std::shared_ptr<const Gguf> file_;
  BertWeights weights_;
  compute::ThreadPool& threads_;
  const compute::Kernels& kernels_;
  compute::Activations activations_;
  // Of the texts at hand, all their tokens behind one another.
  std::vector<Rows> rows_;
  std::size_t row_count_ = 0;
  std::size_t positions_prepared_ = 0;
  std::vector<float> hidden_;
  std::vector<float> queries_;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> attended_;
  std::vector<float> inner_;
  std::vector<float> gates_;
};

}  // namespace wenyuan::llm
