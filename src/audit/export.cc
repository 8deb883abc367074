#include "audit/export.h"

#include <algorithm>

#include "audit/tree.h"

namespace wenyuan::audit {
namespace {

Result<ExportLine> make_line(store::Snapshot& snapshot, const ExportQuery& query,
                             std::int64_t number, std::optional<Record> record) {
  ExportLine line;
  line.number = number;
  WY_TRY(line.leaf, leaf_at(snapshot, number));
  if (query.proofs) {
    WY_TRY(line.proof, inclusion_proof(snapshot, number - 1, query.size));
  }
  if (record && query.vault != nullptr) {
    WY_TRY(line.opened, query.vault->open(snapshot, *record));
  }
  line.record = std::move(record);
  return line;
}

}  // namespace

bool is_filtered(const Query& query) {
  for (const std::string* each : {&query.actor_id, &query.action, &query.object_id,
                                  &query.request_id, &query.retention_class}) {
    if (!each->empty()) return true;
  }
  return query.outcome || query.after || query.before;
}

Result<std::vector<ExportLine>> export_page(store::Snapshot& snapshot, const ExportQuery& query,
                                            int limit) {
  std::vector<ExportLine> lines;
  if (query.first > query.last) return lines;
  const bool filtered = is_filtered(query.filter);
  Query filter = query.filter;
  filter.oldest_first = true;
  filter.limit = limit;
  filter.above_number = query.first - 1;
  // Without a filter a page is a range of numbers, and what is not there is retired.
  const std::int64_t last =
      filtered ? query.last : std::min(query.last, query.first + std::int64_t{limit} - 1);
  filter.below_number = last + 1;
  WY_TRY(std::vector<Record> found, records(snapshot, filter));
  if (filtered) {
    for (Record& each : found) {
      const std::int64_t number = each.number;
      WY_TRY(ExportLine line, make_line(snapshot, query, number, std::move(each)));
      lines.push_back(std::move(line));
    }
    return lines;
  }
  auto next = found.begin();
  for (std::int64_t number = query.first; number <= last; ++number) {
    std::optional<Record> present;
    if (next != found.end() && next->number == number) present = std::move(*next++);
    WY_TRY(ExportLine line, make_line(snapshot, query, number, std::move(present)));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace wenyuan::audit
