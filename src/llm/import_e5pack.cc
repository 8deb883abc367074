#include "llm/import_e5pack.h"

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr std::int32_t kPieceCountMax = 1 << 20;
constexpr std::int32_t kNormalizationCountMax = 1 << 17;
constexpr std::int32_t kTensorCountMax = 1 << 14;
constexpr std::int32_t kWidthMax = 1 << 14;
constexpr std::int32_t kLayerCountMax = 128;
constexpr char32_t kCodePointMax = 0x10FFFF;

// Numbers as in tokenizer.ggml.token_type.
enum TokenKind : std::int32_t { normal = 1, unknown = 2, control = 3, unused = 5 };

Error corrupt(const std::string& what) { return Error{ErrorCode::corrupt, "E5 pack: " + what}; }

class PackReader {
 public:
  explicit PackReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <class Number>
  Result<Number> number(const char* what) {
    WY_TRY(const auto raw, take(sizeof(Number), what));
    Number value;
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  // An int32 that must lie in [min, max].
  Result<std::int32_t> integer(const char* what, std::int32_t min, std::int32_t max) {
    WY_TRY(const auto value, number<std::int32_t>(what));
    if (value >= min && value <= max) return value;
    return corrupt(std::string(what) + " is " + std::to_string(value) + " at byte " +
                   std::to_string(at_ - sizeof value));
  }
  template <class Number>
  Result<std::vector<Number>> numbers(std::size_t count, const char* what) {
    WY_TRY(const auto raw, take(count * sizeof(Number), what));
    std::vector<Number> values(count);
    if (count > 0) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
  Result<std::span<const std::uint8_t>> take(std::uint64_t size, const char* what) {
    if (size > bytes_.size() - at_) {
      return corrupt(std::string("ends within ") + what + " at byte " + std::to_string(at_));
    }
    const auto raw = bytes_.subspan(at_, size);
    at_ += size;
    return raw;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct Sizes {
  std::int32_t width = 0, layers = 0, heads = 0, inner_width = 0;
  std::int32_t vocabulary = 0, positions = 0, types = 0;
  float epsilon = 0;
};

Result<Sizes> read_sizes(PackReader& reader) {
  WY_TRY(const auto magic, reader.take(4, "magic"));
  if (std::memcmp(magic.data(), "E5S1", 4) != 0) {
    return Error{ErrorCode::unsupported_media, "not an E5 pack: it does not begin with E5S1"};
  }
  WY_TRY(const auto version, reader.number<std::uint32_t>("version"));
  if (version != 1) {
    return Error{ErrorCode::unsupported_media,
                 "E5 pack of version " + std::to_string(version) + "; only 1 can be read"};
  }
  Sizes sizes;
  WY_TRY(sizes.width, reader.integer("hidden size", 32, kWidthMax));
  WY_TRY(sizes.layers, reader.integer("number of layers", 1, kLayerCountMax));
  WY_TRY(sizes.heads, reader.integer("number of heads", 1, sizes.width));
  WY_TRY(sizes.inner_width, reader.integer("feed-forward size", 32, 4 * kWidthMax));
  WY_TRY(sizes.vocabulary, reader.integer("vocabulary size", 1, kPieceCountMax));
  WY_TRY(sizes.positions, reader.integer("number of positions", 3, 1 << 17));
  WY_TRY(sizes.types, reader.integer("number of token types", 1, 16));
  WY_TRY(sizes.epsilon, reader.number<float>("epsilon"));
  WY_TRY([[maybe_unused]] const auto block, reader.integer("weights in a block", 32, 32));
  if (sizes.width % sizes.heads != 0 || sizes.width % 32 != 0 || sizes.inner_width % 32 != 0) {
    return corrupt("hidden or feed-forward size does not divide into heads and blocks");
  }
  if (!(sizes.epsilon > 0 && sizes.epsilon < 1)) return corrupt("epsilon is out of range");
  return sizes;
}

struct Vocabulary {
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<std::int32_t> kinds;
  std::int32_t bos = 0, eos = 0, pad = 0, unk = 0;
  // Triples flattened: code point, count, then so many code points that replace it.
  std::vector<std::int32_t> normalizer;
};

Status read_pieces(PackReader& reader, std::size_t count, Vocabulary& vocabulary) {
  WY_TRY(const auto blob_size, reader.number<std::uint64_t>("size of the pieces"));
  WY_TRY(const auto offsets, reader.numbers<std::uint32_t>(count + 1, "offsets of the pieces"));
  WY_TRY(vocabulary.scores, reader.numbers<float>(count, "scores"));
  WY_TRY(const auto blob, reader.take(blob_size, "pieces"));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "piece " + std::to_string(i);
    if (offsets[i] >= offsets[i + 1] || offsets[i + 1] > blob.size()) {
      return corrupt(name + " is empty or lies outside");
    }
    if (!std::isfinite(vocabulary.scores[i])) return corrupt(name + " has no score");
    const auto bytes = blob.subspan(offsets[i], offsets[i + 1] - offsets[i]);
    std::string text(bytes.begin(), bytes.end());
    if (!is_utf8(text)) return corrupt(name + " is not UTF-8");
    vocabulary.pieces.push_back(std::move(text));
  }
  return Done{};
}

Status read_normalizer(PackReader& reader, Vocabulary& vocabulary) {
  WY_TRY(const auto count, reader.integer("size of the map", 0, kNormalizationCountMax));
  WY_TRY(const auto size, reader.number<std::uint32_t>("bytes of the map"));
  WY_TRY(const auto map, reader.take(size, "normalization map"));
  PackReader entries(map);
  char32_t previous = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    WY_TRY(const auto from, entries.number<std::uint32_t>("code point of the map"));
    WY_TRY(const auto out_count, entries.number<std::uint8_t>("length in the map"));
    WY_TRY(const auto out, entries.numbers<std::uint32_t>(out_count, "entry of the map"));
    if (from > kCodePointMax || (i > 0 && from <= previous)) return corrupt("the map is unsorted");
    previous = from;
    vocabulary.normalizer.push_back(static_cast<std::int32_t>(from));
    vocabulary.normalizer.push_back(out_count);
    for (const std::uint32_t to : out) {
      if (to > kCodePointMax || (to >= 0xD800 && to < 0xE000)) {
        return corrupt("the map leads to U+" + std::to_string(to));
      }
      vocabulary.normalizer.push_back(static_cast<std::int32_t>(to));
    }
  }
  return Done{};
}

// The tables of embeddings can have more rows than there are pieces; GGUF wants a name for each.
void fill_up(Vocabulary& vocabulary, std::size_t size) {
  vocabulary.kinds.assign(vocabulary.pieces.size(), TokenKind::normal);
  for (const std::int32_t id : {vocabulary.bos, vocabulary.eos, vocabulary.pad}) {
    vocabulary.kinds[static_cast<std::size_t>(id)] = TokenKind::control;
  }
  vocabulary.kinds[static_cast<std::size_t>(vocabulary.unk)] = TokenKind::unknown;
  for (std::size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    if (vocabulary.pieces[i] == "<mask>") vocabulary.kinds[i] = TokenKind::control;
  }
  for (std::size_t i = vocabulary.pieces.size(); i < size; ++i) {
    vocabulary.pieces.push_back("[PAD" + std::to_string(i) + "]");
    vocabulary.scores.push_back(-10000);
    vocabulary.kinds.push_back(TokenKind::unused);
  }
}

Result<Vocabulary> read_vocabulary(PackReader& reader, const Sizes& sizes) {
  Vocabulary vocabulary;
  WY_TRY(const auto count, reader.integer("number of pieces", 4, sizes.vocabulary));
  WY_TRY(vocabulary.bos, reader.integer("id of <s>", 0, count - 1));
  WY_TRY(vocabulary.eos, reader.integer("id of </s>", 0, count - 1));
  WY_TRY(vocabulary.pad, reader.integer("id of <pad>", 0, count - 1));
  WY_TRY(vocabulary.unk, reader.integer("id of <unk>", 0, count - 1));
  WY_RETURN_IF_ERROR(read_pieces(reader, static_cast<std::size_t>(count), vocabulary));
  WY_RETURN_IF_ERROR(read_normalizer(reader, vocabulary));
  fill_up(vocabulary, static_cast<std::size_t>(sizes.vocabulary));
  return vocabulary;
}

struct PackTensor {
  bool quantized = false;
  std::uint32_t element_count = 0;
  std::span<const std::uint8_t> bytes;
};
using Directory = std::map<std::string, PackTensor, std::less<>>;

Result<Directory> read_directory(PackReader& reader, std::span<const std::uint8_t> pack) {
  Directory directory;
  WY_TRY(const auto count, reader.integer("number of tensors", 0, kTensorCountMax));
  for (std::int32_t i = 0; i < count; ++i) {
    WY_TRY(const auto name_size, reader.number<std::uint16_t>("name of a tensor"));
    WY_TRY(const auto name, reader.take(name_size, "name of a tensor"));
    WY_TRY(const auto type, reader.number<std::uint8_t>("type of a tensor"));
    WY_TRY(const auto elements, reader.number<std::uint32_t>("size of a tensor"));
    WY_TRY(const auto offset, reader.number<std::uint64_t>("offset of a tensor"));
    WY_TRY(const auto size, reader.number<std::uint64_t>("bytes of a tensor"));
    const std::string text = to_valid_utf8(std::string(name.begin(), name.end()));
    if (type > 1) return corrupt("tensor " + text + " has type " + std::to_string(type));
    if (offset > pack.size() || size > pack.size() - offset) {
      return corrupt("tensor " + text + " lies outside the file");
    }
    const PackTensor tensor{type == 1, elements, pack.subspan(offset, size)};
    if (!directory.emplace(text, tensor).second) return corrupt("two tensors " + text);
  }
  return directory;
}

// Moves tensors from the directory to the writer under their new names.
class TensorMover {
 public:
  TensorMover(const Directory& directory, GgufWriter& writer)
      : directory_(directory), writer_(writer) {}

  // A 4-bit matrix or, with `quantized` false, a float one.
  Status move(const std::string& from, const std::string& to, std::vector<std::uint64_t> shape,
              bool quantized) {
    const auto found = directory_.find(from);
    if (found == directory_.end()) return corrupt("tensor " + from + " is missing");
    const PackTensor& tensor = found->second;
    std::uint64_t elements = 1;
    for (const std::uint64_t size : shape) elements *= size;
    const std::uint64_t size = quantized ? elements / 32 * 18 : elements * 4;
    if (tensor.quantized != quantized || tensor.element_count != elements ||
        tensor.bytes.size() != size) {
      return corrupt("tensor " + from + " has another type or size than the model asks for");
    }
    writer_.add_tensor(to, quantized ? TensorType::q4_0 : TensorType::f32, std::move(shape),
                       tensor.bytes);
    return Done{};
  }
  Status move_linear(const std::string& from, const std::string& to, std::uint64_t in,
                     std::uint64_t out) {
    WY_RETURN_IF_ERROR(move(from + ".w", to + ".weight", {in, out}, true));
    return move(from + ".b", to + ".bias", {out}, false);
  }
  Status move_norm(const std::string& from, const std::string& to, std::uint64_t size) {
    WY_RETURN_IF_ERROR(move(from + ".w", to + ".weight", {size}, false));
    return move(from + ".b", to + ".bias", {size}, false);
  }

 private:
  const Directory& directory_;
  GgufWriter& writer_;
};

Status move_tensors(const Sizes& sizes, TensorMover mover) {
  const auto width = static_cast<std::uint64_t>(sizes.width);
  const auto inner = static_cast<std::uint64_t>(sizes.inner_width);
  const auto rows = [](std::int32_t count) { return static_cast<std::uint64_t>(count); };
  WY_RETURN_IF_ERROR(
      mover.move("emb.word", "token_embd.weight", {width, rows(sizes.vocabulary)}, true));
  WY_RETURN_IF_ERROR(
      mover.move("emb.pos", "position_embd.weight", {width, rows(sizes.positions)}, false));
  WY_RETURN_IF_ERROR(
      mover.move("emb.type", "token_types.weight", {width, rows(sizes.types)}, false));
  WY_RETURN_IF_ERROR(mover.move_norm("emb.ln", "token_embd_norm", width));
  for (std::int32_t i = 0; i < sizes.layers; ++i) {
    const std::string from = "l" + std::to_string(i) + ".";
    const std::string to = "blk." + std::to_string(i) + ".";
    WY_RETURN_IF_ERROR(mover.move_linear(from + "q", to + "attn_q", width, width));
    WY_RETURN_IF_ERROR(mover.move_linear(from + "k", to + "attn_k", width, width));
    WY_RETURN_IF_ERROR(mover.move_linear(from + "v", to + "attn_v", width, width));
    WY_RETURN_IF_ERROR(mover.move_linear(from + "ao", to + "attn_output", width, width));
    WY_RETURN_IF_ERROR(mover.move_norm(from + "aln", to + "attn_output_norm", width));
    WY_RETURN_IF_ERROR(mover.move_linear(from + "fi", to + "ffn_up", width, inner));
    WY_RETURN_IF_ERROR(mover.move_linear(from + "fo", to + "ffn_down", inner, width));
    WY_RETURN_IF_ERROR(mover.move_norm(from + "oln", to + "layer_output_norm", width));
  }
  return Done{};
}

void set_metadata(const Sizes& sizes, Vocabulary vocabulary, GgufWriter& writer) {
  const auto natural = [](std::int32_t value) { return static_cast<std::uint32_t>(value); };
  writer.set("general.architecture", std::string("bert"));
  writer.set("general.name", std::string("multilingual-e5"));
  writer.set("general.license", std::string("mit"));
  writer.set("general.file_type", std::uint32_t{2});  // mostly Q4_0
  writer.set("general.quantization_version", std::uint32_t{2});
  writer.set("bert.block_count", natural(sizes.layers));
  writer.set("bert.context_length", natural(sizes.positions));
  writer.set("bert.embedding_length", natural(sizes.width));
  writer.set("bert.feed_forward_length", natural(sizes.inner_width));
  writer.set("bert.attention.head_count", natural(sizes.heads));
  writer.set("bert.attention.layer_norm_epsilon", sizes.epsilon);
  writer.set("bert.attention.causal", false);
  writer.set("bert.pooling_type", std::uint32_t{1});  // mean
  writer.set("tokenizer.ggml.model", std::string("t5"));
  writer.set("tokenizer.ggml.pre", std::string("default"));
  writer.set("tokenizer.ggml.tokens", std::move(vocabulary.pieces));
  writer.set("tokenizer.ggml.scores", std::move(vocabulary.scores));
  writer.set("tokenizer.ggml.token_type", std::move(vocabulary.kinds));
  writer.set("tokenizer.ggml.token_type_count", natural(sizes.types));
  writer.set("tokenizer.ggml.bos_token_id", natural(vocabulary.bos));
  writer.set("tokenizer.ggml.eos_token_id", natural(vocabulary.eos));
  writer.set("tokenizer.ggml.unknown_token_id", natural(vocabulary.unk));
  writer.set("tokenizer.ggml.seperator_token_id", natural(vocabulary.eos));  // spelt so
  writer.set("tokenizer.ggml.padding_token_id", natural(vocabulary.pad));
  writer.set("tokenizer.ggml.add_bos_token", true);
  writer.set("tokenizer.ggml.add_eos_token", true);
  writer.set("tokenizer.ggml.add_space_prefix", true);
  writer.set("tokenizer.ggml.remove_extra_whitespaces", true);
  // Unlike SentencePiece, the tokenizer of E5 keeps one space at the end of a text.
  writer.set("tokenizer.wenyuan.keep_last_space", true);
  writer.set("tokenizer.wenyuan.normalizer", std::move(vocabulary.normalizer));
  writer.set("wenyuan.embed.query_prefix", std::string("query: "));
  writer.set("wenyuan.embed.passage_prefix", std::string("passage: "));
}

}  // namespace

Result<GgufWriter> import_e5pack(std::span<const std::uint8_t> pack) {
  PackReader reader(pack);
  WY_TRY(const Sizes sizes, read_sizes(reader));
  WY_TRY(Vocabulary vocabulary, read_vocabulary(reader, sizes));
  WY_TRY(const Directory directory, read_directory(reader, pack));
  GgufWriter writer;
  set_metadata(sizes, std::move(vocabulary), writer);
  WY_RETURN_IF_ERROR(move_tensors(sizes, TensorMover(directory, writer)));
  return writer;
}

Status convert_e5pack(const std::filesystem::path& from, const std::filesystem::path& to) {
  WY_TRY(const MappedFile file, MappedFile::open(from));
  WY_TRY(const GgufWriter writer, import_e5pack(file.bytes()));
  return writer.write(to);
}

}  // namespace wenyuan::llm
