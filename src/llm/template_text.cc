#include "llm/template_text.h"

#include <algorithm>

namespace wenyuan::llm {

void TemplateText::append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  bytes_ += bytes;
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), origin});
  }
}

void TemplateText::append(const TemplateText& more) {
  if (&more == this) {
    append(TemplateText(more));
    return;
  }
  std::size_t begin = 0;
  for (const Run& run : more.runs_) {
    append(std::string_view(more.bytes_).substr(begin, run.end - begin), run.origin);
    begin = run.end;
  }
}

std::size_t TemplateText::run_at(std::size_t at) const {
  const auto run =
      std::partition_point(runs_.begin(), runs_.end(), [at](const Run& r) { return r.end <= at; });
  return static_cast<std::size_t>(run - runs_.begin());
}

TemplateText TemplateText::part(std::size_t begin, std::size_t size) const {
  TemplateText result;
  begin = std::min(begin, bytes_.size());
  const std::size_t end = begin + std::min(size, bytes_.size() - begin);
  for (std::size_t run = run_at(begin); begin < end; ++run) {
    const std::size_t stop = std::min(end, runs_[run].end);
    result.append(std::string_view(bytes_).substr(begin, stop - begin), runs_[run].origin);
    begin = stop;
  }
  return result;
}

Origin TemplateText::origin(std::size_t at) const {
  if (runs_.empty()) return Origin::model;
  return runs_[std::min(run_at(at), runs_.size() - 1)].origin;
}

std::vector<TextRange> TemplateText::trusted() const {
  std::vector<TextRange> ranges;
  std::size_t begin = 0;
  for (const Run& run : runs_) {
    if (run.origin == Origin::model) ranges.push_back({begin, run.end});
    begin = run.end;
  }
  return ranges;
}

}  // namespace wenyuan::llm
