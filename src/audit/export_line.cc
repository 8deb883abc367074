#include "audit/export_line.h"

#include <charconv>

#include "audit/base64.h"
#include "audit/canonical.h"
#include "audit/record_text.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kHeadBegin = R"({"wenyuan_audit_export":1,"first":)";
constexpr std::string_view kOcsfBegin = R"({"unmapped":{"wenyuan_audit":)";
constexpr std::size_t kProofSizeMax = 64;

std::string_view text_of(const CipherKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

// Where the line's evidence is: what was hashed, the way to the root, and keys of opened parts.
std::string evidence_json(const ExportLine& line) {
  std::string json;
  if (line.record) {
    json += R"({"canonical":")";
    json += to_base64_text(canonical(*line.record));
  } else {
    json += R"({"leaf":")";
    json += to_base64(line.leaf);
  }
  json += R"(","number":)";
  json += std::to_string(line.number);
  json += R"(,"proof":[)";
  for (std::size_t at = 0; at < line.proof.size(); ++at) {
    json += at == 0 ? "\"" : ",\"";
    json += to_base64(line.proof[at]);
    json += '"';
  }
  json += R"(],"openings":[)";
  for (std::size_t at = 0; at < line.opened.parts.size(); ++at) {
    json += at == 0 ? "[" : ",[";
    json += std::to_string(line.opened.parts[at].part);
    json += ",\"";
    json += to_base64_text(text_of(line.opened.parts[at].key));
    json += "\"]";
  }
  json += "]}";
  return json;
}

// Takes our own JSON apart; everything else fails it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool accept(std::string_view word) {
    if (!good_ || !rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) { good_ = accept(word) && good_; }
  std::string base64() {
    const std::size_t end = rest_.find('"');
    const auto bytes =
        good_ && end != std::string_view::npos ? from_base64(rest_.substr(0, end)) : std::nullopt;
    good_ = good_ && bytes.has_value();
    if (!good_) return {};
    rest_.remove_prefix(end + 1);
    return *bytes;
  }
  Hash hash() {
    const std::string bytes = base64();
    Hash made{};
    good_ = good_ && bytes.size() == made.size();
    if (good_) std::copy(bytes.begin(), bytes.end(), made.begin());
    return made;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    good_ = good_ && error == std::errc() && value >= 0;
    if (good_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  bool good() const { return good_; }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

Error broken(const std::string& why) { return Error{ErrorCode::corrupt, why}; }

struct Evidence {
  ExportLine line;
  std::string canonical;  // empty for a retired record
  std::vector<std::pair<std::size_t, CipherKey>> openings;
};

std::optional<Evidence> scan_evidence(Scanner& scanner) {
  Evidence evidence;
  if (scanner.accept(R"({"canonical":")")) {
    evidence.canonical = scanner.base64();
  } else {
    scanner.expect(R"({"leaf":")");
    evidence.line.leaf = scanner.hash();
  }
  scanner.expect(R"(,"number":)");
  evidence.line.number = scanner.number();
  scanner.expect(R"(,"proof":[)");
  while (scanner.accept(evidence.line.proof.empty() ? "\"" : ",\"")) {
    evidence.line.proof.push_back(scanner.hash());
    if (evidence.line.proof.size() > kProofSizeMax) return std::nullopt;
  }
  scanner.expect(R"(],"openings":[)");
  while (scanner.accept(evidence.openings.empty() ? "[" : ",[")) {
    const auto part = static_cast<std::size_t>(scanner.number());
    scanner.expect(",\"");
    evidence.openings.emplace_back(part, scanner.hash());
    scanner.expect("]");
    if (evidence.openings.size() > kSubjectsMax) return std::nullopt;
  }
  scanner.expect("]}");
  if (!scanner.good()) return std::nullopt;
  return evidence;
}

Status open_parts(ExportLine& line,
                  const std::vector<std::pair<std::size_t, CipherKey>>& openings) {
  if (openings.empty()) return Done{};
  WY_TRY(const std::vector<SealedPart> parts, decode_sealed(line.record->sealed));
  for (const auto& [part, key] : openings) {
    const bool rises = line.opened.parts.empty() || line.opened.parts.back().part < part;
    auto fields = part < parts.size() && rises ? open_part(key, parts[part].box) : std::nullopt;
    if (!fields) return broken("a key of its personal texts does not fit");
    line.opened.parts.push_back({part, key, *std::move(fields)});
  }
  return Done{};
}

std::string head_members(const ExportHead& head) {
  std::string json(kHeadBegin);
  json += std::to_string(head.first);
  json += R"(,"last":)";
  json += std::to_string(head.last);
  json += R"(,"filtered":)";
  json += head.filtered ? "true" : "false";
  json += R"(,"proofs":)";
  json += head.proofs ? "true" : "false";
  json += R"(,"checkpoint":")";
  json += to_base64_text(head.checkpoint);
  json += '"';
  return json;
}

bool scan_flag(Scanner& scanner) {
  if (scanner.accept("true")) return true;
  scanner.expect("false");
  return false;
}

}  // namespace

std::string export_line(const ExportLine& line, ExportFormat format) {
  const std::string evidence = evidence_json(line);
  std::string text;
  if (format == ExportFormat::jsonl) {
    text += R"({"evidence":)";
    text += evidence;
    text += line.record ? R"(,"record":)" : R"(,"retired":true)";
    if (line.record) text += record_json(*line.record, line.opened);
    text += '}';
    return text;
  }
  text += kOcsfBegin;
  text += evidence;
  text += "},";
  if (line.record) {
    text += ocsf_members(*line.record, line.opened);
  } else {
    text += R"("activity_id":99,"category_uid":0,"class_uid":0,"type_uid":99,"severity_id":1)";
    text += R"(,"message":"retired")";
  }
  text += '}';
  return text;
}

Result<ExportLine> read_export_line(std::string_view line) {
  if (line.size() > kLineSizeMax) return broken("it is too long");
  Scanner scanner(line);
  const ExportFormat format = scanner.accept(kOcsfBegin) ? ExportFormat::ocsf : ExportFormat::jsonl;
  if (format == ExportFormat::jsonl) scanner.expect(R"({"evidence":)");
  auto evidence = scan_evidence(scanner);
  if (!evidence) return broken("its evidence is not in the written form");
  ExportLine made = std::move(evidence->line);
  if (!evidence->canonical.empty()) {
    WY_TRY(made.record, decode_canonical(evidence->canonical));
    if (made.record->number != made.number) return broken("it has the evidence of another record");
    made.leaf = leaf_hash(evidence->canonical);
    WY_RETURN_IF_ERROR(open_parts(made, evidence->openings));
  } else if (!evidence->openings.empty()) {
    return broken("a retired record has nothing to open");
  }
  if (export_line(made, format) != line) {
    return broken("what it says to its reader is not what is hashed");
  }
  return made;
}

std::string export_head(const ExportHead& head, const SigningKey& key) {
  std::string json = head_members(head);
  const std::string signature = key.sign(json);
  json += R"(,"signature":")";
  json += to_base64_text(signature);
  json += "\"}";
  return json;
}

bool is_export_head(std::string_view line) {
  return line.starts_with(R"({"wenyuan_audit_export")");
}

Result<ExportHead> read_export_head(std::string_view line, const VerifyingKey& key) {
  Scanner scanner(line);
  ExportHead head;
  scanner.expect(kHeadBegin);
  head.first = scanner.number();
  scanner.expect(R"(,"last":)");
  head.last = scanner.number();
  scanner.expect(R"(,"filtered":)");
  head.filtered = scan_flag(scanner);
  scanner.expect(R"(,"proofs":)");
  head.proofs = scan_flag(scanner);
  scanner.expect(R"(,"checkpoint":")");
  head.checkpoint = scanner.base64();
  scanner.expect(R"(,"signature":")");
  const std::string signature = scanner.base64();
  scanner.expect("}");
  if (!scanner.at_end()) return broken("the export's first line is not in the written form");
  if (!key.verifies(head_members(head), signature)) {
    return broken("the export's first line is not signed by this key");
  }
  return head;
}

}  // namespace wenyuan::audit
