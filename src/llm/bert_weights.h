// The weights of the encoder architectures "bert" and "nomic-bert".
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "compute/matrix.h"
#include "llm/decoder/rotation.h"
#include "llm/gguf.h"
#include "llm/weights.h"

namespace wenyuan::llm {

// How the states of a text's tokens become its result; `rank` is a score by a classifier.
enum class Pooling { mean, first, last, rank };

struct BertShape {
  std::size_t layers;
  std::size_t width;
  std::size_t inner_width;
  std::size_t heads;
  std::size_t head_size;
  std::size_t context;
  float epsilon;
  Pooling pooling;
};

// A linear map with its bias, and a normalisation with its own.
struct BertLinear {
  compute::Matrix weight;
  std::vector<float> bias;
};
struct BertNorm {
  std::vector<float> weight;
  std::vector<float> bias;
};

// The linear maps to the queries, the keys and the values of all heads.
struct BertProjections {
  std::vector<compute::Matrix> matrices;  // three, or one of three parts
  std::array<std::vector<float>, 3> biases;

  compute::ActivationForms forms() const;
  compute::Product product(std::size_t number, float* out, std::size_t stride) const;
};

struct BertLayer {
  BertProjections projections;
  BertLinear attention_output;
  BertNorm attention_norm;
  std::optional<BertLinear> gate;  // SwiGLU; without one it is GELU
  BertLinear up;
  BertLinear down;
  BertNorm output_norm;
};

// The score of a pair of texts: of the first token's state, by way of a hidden layer or not.
struct BertClassifier {
  std::optional<BertLinear> hidden;
  std::vector<float> output;
  float bias = 0;
};

struct BertWeights {
  BertShape shape;
  EmbeddingTable tokens;
  EmbeddingTable positions;        // none when positions are rotations
  Rotation rotation;               // of size 0 when they are not
  std::vector<float> token_types;  // rows of the types that there are, at least one
  BertNorm embedding_norm;
  std::vector<BertLayer> layers;
  std::optional<BertClassifier> classifier;  // of models that rank
};

bool is_bert(const Gguf& file);
// True for a model that scores pairs of texts, false for one that makes vectors.
bool is_ranking_bert(const Gguf& file);

Result<BertWeights> load_bert(const Gguf& file, const LoadOptions& options);

}  // namespace wenyuan::llm
