#include "index/bm25.h"

#include <algorithm>
#include <cmath>

namespace wenyuan::index {
namespace {

double rounded(double part) { return std::ldexp(std::nearbyint(std::ldexp(part, 32)), -32); }

}  // namespace

double bm25_inverse_frequency(std::uint64_t count, std::uint64_t total) {
  const auto with = static_cast<double>(count);
  const auto without = static_cast<double>(total) - with;
  const double odds = (without + 0.5) / (with + 0.5);
  // As Xapian has it: a word that most texts have still counts a little, and never negatively.
  return std::log(odds < 2 ? odds / 2 + 1 : odds);
}

double bm25_question_factor(std::uint32_t count) {
  return (kBm25K3 + 1) * count / (kBm25K3 + count);
}

Bm25::Bm25(double average_length) : average_length_(std::max(average_length, 1.0)) {
  need_stat(WDF);
  need_stat(DOC_LENGTH);
  need_stat(DOC_LENGTH_MIN);
  need_stat(WDF_MAX);
}

// Xapian's interface: it deletes what it gets.
Bm25* Bm25::clone() const { return new Bm25(average_length_); }

void Bm25::init(double factor) {
  factor_ = factor;
  if (factor == 0) return;  // asked for the extra part, which we do not have
  // The part rises with the count and falls with the length, so this bounds it.
  part_max_ = get_sumpart(get_wdf_upper_bound(), get_doclength_lower_bound(), 1);
}

double Bm25::get_sumpart(Xapian::termcount count, Xapian::termcount length,
                         Xapian::termcount /*unique_terms*/) const {
  const double normal_length = std::max(length / average_length_, kBm25LengthMin);
  const double saturation = kBm25K1 * (1 - kBm25B + kBm25B * normal_length);
  return rounded(factor_ * (kBm25K1 + 1) * count / (saturation + count));
}

}  // namespace wenyuan::index
