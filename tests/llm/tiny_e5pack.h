// The smallest E5 pack there can be: one layer of width 32, six pieces.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan::llm {

class TinyE5Pack {
 public:
  // `extra` more rows of the tables of embeddings than there are pieces.
  static std::string bytes(std::int32_t extra = 1) {
    TinyE5Pack pack(6 + extra);
    pack.header();
    pack.pieces();
    pack.map();
    pack.tensors();
    return std::move(pack.bytes_);
  }

 private:
  struct Tensor {
    std::string name;
    bool quantized;
    std::uint32_t elements;
  };

  explicit TinyE5Pack(std::int32_t vocabulary) : vocabulary_(vocabulary) {}

  template <class Number>
  void put(Number value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof value);
  }
  void header() {
    bytes_ += "E5S1";
    put(std::uint32_t{1});
    for (const std::int32_t size : {32, 1, 2, 64, vocabulary_, 8, 1}) put(size);
    put(1e-12F);
    put(std::int32_t{32});
  }
  void pieces() {
    const std::vector<std::string_view> texts = {"<s>", "<pad>", "</s>", "<unk>", "▁", "中"};
    for (const std::int32_t number : {6, 0, 2, 1, 3}) put(number);
    std::string blob;
    std::vector<std::uint32_t> offsets = {0};
    for (const std::string_view text : texts) {
      blob += text;
      offsets.push_back(static_cast<std::uint32_t>(blob.size()));
    }
    put(std::uint64_t{blob.size()});
    for (const std::uint32_t offset : offsets) put(offset);
    for (std::size_t i = 0; i < texts.size(); ++i) put(-1.0F - static_cast<float>(i));
    bytes_ += blob;
  }
  void map() {
    put(std::int32_t{2});
    put(std::uint32_t{18});
    put(std::uint32_t{'\t'});
    put(std::uint8_t{1});
    put(std::uint32_t{' '});
    put(std::uint32_t{0xAD});
    put(std::uint8_t{0});
    put(std::uint32_t{0});  // behind the last entry, as padding
  }
  std::vector<Tensor> list() const {
    const auto rows = static_cast<std::uint32_t>(vocabulary_);
    std::vector<Tensor> list = {{"emb.word", true, 32 * rows},
                                {"emb.pos", false, 32 * 8},
                                {"emb.type", false, 32},
                                {"emb.ln.w", false, 32},
                                {"emb.ln.b", false, 32}};
    const auto linear = [&](const std::string& name, std::uint32_t in, std::uint32_t out) {
      list.push_back({name + ".w", true, in * out});
      list.push_back({name + ".b", false, out});
    };
    for (const char* name : {"l0.q", "l0.k", "l0.v", "l0.ao"}) linear(name, 32, 32);
    linear("l0.fi", 32, 64);
    linear("l0.fo", 64, 32);
    for (const char* name : {"l0.aln", "l0.oln"}) {
      list.push_back({std::string(name) + ".w", false, 32});
      list.push_back({std::string(name) + ".b", false, 32});
    }
    return list;
  }
  static std::uint64_t size_of(const Tensor& tensor) {
    return tensor.quantized ? tensor.elements / 32 * 18 : tensor.elements * 4;
  }
  void tensors() {
    const std::vector<Tensor> all = list();
    put(static_cast<std::int32_t>(all.size()));
    std::uint64_t offset = bytes_.size();
    for (const Tensor& tensor : all) offset += 2 + tensor.name.size() + 1 + 4 + 8 + 8;
    std::uint64_t data_size = 0;
    for (const Tensor& tensor : all) {
      put(static_cast<std::uint16_t>(tensor.name.size()));
      bytes_ += tensor.name;
      put(static_cast<std::uint8_t>(tensor.quantized ? 1 : 0));
      put(tensor.elements);
      put(offset + data_size);
      put(size_of(tensor));
      data_size += size_of(tensor);
    }
    for (std::uint64_t i = 0; i < data_size; ++i) bytes_ += static_cast<char>(i % 251);
  }

  std::int32_t vocabulary_;
  std::string bytes_;
};

}  // namespace wenyuan::llm
