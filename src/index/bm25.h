// BM25 over statistics that are given from outside, with sums that do not depend on their order.
#pragma once

#include <xapian.h>

#include <cstdint>
#include <string>

namespace wenyuan::index {

constexpr double kBm25K1 = 1.2;
constexpr double kBm25B = 0.75;
constexpr double kBm25K3 = 1.0;         // of a word's count in the question
constexpr double kBm25LengthMin = 0.5;  // of the average; shorter texts gain no more

// What a word is worth: rare ones more. `count` of `total` texts have it, `total >= count`.
double bm25_inverse_frequency(std::uint64_t count, std::uint64_t total);
// Of a word that stands `count` times in the question.
double bm25_question_factor(std::uint32_t count);

// The part of BM25 that is about one text. Xapian would take the average length, and how many texts
// have a word, from the one shard that it looks into; here the average length comes with the
// constructor, and the factors above come by OP_SCALE_WEIGHT.
//
// Each part is rounded to a multiple of 2^-32. Sums of such numbers are exact in a double whatever
// the order, so a score does not depend on how Xapian arranges its tree for a shard.
class Bm25 final : public Xapian::Weight {
 public:
  explicit Bm25(double average_length);

  Bm25* clone() const override;
  void init(double factor) override;
  std::string name() const override { return "wenyuan::index::Bm25"; }
  double get_sumpart(Xapian::termcount count, Xapian::termcount length,
                     Xapian::termcount unique_terms) const override;
  double get_maxpart() const override { return part_max_; }
  double get_sumextra(Xapian::termcount, Xapian::termcount) const override { return 0; }
  double get_maxextra() const override { return 0; }

 private:
  double average_length_;
  double factor_ = 0;
  double part_max_ = 0;
};

}  // namespace wenyuan::index
