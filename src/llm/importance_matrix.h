// How much each column of each weight matrix matters, measured on a text.
//
// The file is llama.cpp's: a GGUF with general.type "imatrix" and, for each matrix, the tensors
// NAME.in_sum2 (sums of squared inputs, a row for each expert) and NAME.counts (rows summed).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::llm {

class ImportanceMatrix {
 public:
  // corrupt when sums and counts do not fit each other or are no sums of squares.
  static Result<ImportanceMatrix> read(const std::filesystem::path& path);
  Status write(const std::filesystem::path& path, const std::string& text_name,
               std::uint32_t chunk_count, std::uint32_t chunk_size) const;

  // `squares`: parts x inputs.
  void add(const std::string& tensor, std::vector<float> squares, std::vector<float> counts);

  // Mean squares of the inputs of one part (an expert, or the whole matrix); empty when nothing was
  // measured, or when the matrix has other inputs.
  std::vector<float> importance(std::string_view tensor, std::size_t inputs,
                                std::size_t part) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::vector<float> squares;
    std::vector<float> counts;  // one for each part
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace wenyuan::llm
