// A list of Xapian document numbers as a part of a query: for what may, or may not, be a hit.
#pragma once

#include <xapian.h>

#include <algorithm>
#include <span>
#include <string>

namespace wenyuan::index {

// Borrows the numbers, which are sorted.
class DocidSource final : public Xapian::PostingSource {
 public:
  explicit DocidSource(std::span<const Xapian::docid> docids) : docids_(docids) {}

  Xapian::doccount get_termfreq_min() const override { return size(); }
  Xapian::doccount get_termfreq_est() const override { return size(); }
  Xapian::doccount get_termfreq_max() const override { return size(); }
  void init(const Xapian::Database&) override {
    at_ = 0;
    started_ = false;
  }
  void next(double) override {
    if (started_) ++at_;
    started_ = true;
  }
  void skip_to(Xapian::docid docid, double) override {
    started_ = true;
    const auto from = docids_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ = static_cast<std::size_t>(std::lower_bound(from, docids_.end(), docid) - docids_.begin());
  }
  bool at_end() const override { return at_ >= docids_.size(); }
  Xapian::docid get_docid() const override { return docids_[at_]; }
  std::string name() const override { return "wenyuan::index::DocidSource"; }

 private:
  Xapian::doccount size() const { return static_cast<Xapian::doccount>(docids_.size()); }

  std::span<const Xapian::docid> docids_;
  std::size_t at_ = 0;
  bool started_ = false;
};

}  // namespace wenyuan::index
