// One line of an export: a record, and what proves that it is in the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "audit/merkle.h"
#include "audit/personal.h"
#include "audit/record.h"
#include "base/result.h"

namespace wenyuan::audit {

enum class ExportFormat { jsonl, ocsf };

struct ExportLine {
  std::int64_t number = 0;
  std::optional<Record> record;  // nothing when its time was over
  Hash leaf{};
  std::vector<Hash> proof;  // of inclusion; empty when the export has none
  Opened opened;            // what the reader may see of its personal texts
};

constexpr std::size_t kLineSizeMax = std::size_t{16} << 20;

// Without the line's end.
std::string export_line(const ExportLine& line, ExportFormat format);
// Reads what export_line() writes, in either format. Whatever stands in it for people to read is
// compared with what is hashed: corrupt, saying why, for a line in which anything is different.
Result<ExportLine> read_export_line(std::string_view line);

// The first line of an export as JSON lines. It is signed, so that nobody can cut records off at
// the end and say that there were no more.
struct ExportHead {
  std::string checkpoint;  // a note
  std::int64_t first = 1, last = 0;
  bool filtered = false;  // not all records from first to last
  bool proofs = true;
};
std::string export_head(const ExportHead& head, const SigningKey& key);
bool is_export_head(std::string_view line);
// corrupt unless it is signed by this key.
Result<ExportHead> read_export_head(std::string_view line, const VerifyingKey& key);

}  // namespace wenyuan::audit
