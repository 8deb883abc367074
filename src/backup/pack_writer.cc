#include "audit/base64.h"
#include "backup/manifest.h"
#include "backup/pack.h"
#include "backup/pack_names.h"
#include "backup/signed_lines.h"
#include "base/text.h"

namespace wenyuan::backup {

namespace pack {

std::string folder(std::int64_t number) {
  std::string digits = std::to_string(number + 1);
  if (digits.size() < 7) digits.insert(0, 7 - digits.size(), '0');
  return "documents/" + digits + "/";
}

std::string original(std::int64_t number, std::size_t version) {
  std::string name = folder(number);
  name += "original-";
  name += std::to_string(version + 1);
  return name;
}

}  // namespace pack

namespace {

Attributes facts_of(const PackDocument& document) {
  Attributes facts{{"title", document.title},
                   {"file_name", document.file_name},
                   {"external_id", document.external_id},
                   {"page_count", document.page_count}};
  std::vector<std::string> types, from, until;
  for (const PackDocument::Version& each : document.versions) {
    types.push_back(each.media_type);
    from.push_back(each.effective_from ? rfc3339(*each.effective_from) : "");
    until.push_back(each.effective_until ? rfc3339(*each.effective_until) : "");
  }
  facts["media_types"] = std::move(types);
  facts["effective_from"] = std::move(from);
  facts["effective_until"] = std::move(until);
  return facts;
}

Error gone() { return Error{ErrorCode::cancelled, "whoever wanted the pack has gone"}; }

}  // namespace

PackWriter::PackWriter(Sink sink) : sink_(std::move(sink)) {}

Status PackWriter::put(const std::string& name, std::string_view bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size >= kTarFileMax) return Error{ErrorCode::too_large, name + " is too large for a pack"};
  std::string entry = name;
  entry += ' ';
  entry += sha256_of(bytes);
  entry += ' ';
  entry += std::to_string(size);
  entries_.push_back(std::move(entry));
  if (!sink_(tar_header(name, size)) || !sink_(bytes) || !sink_(tar_padding(size))) return gone();
  return Done{};
}

Status PackWriter::add(const PackDocument& document,
                       const std::function<Result<std::string>(std::size_t)>& original) {
  const std::int64_t number = document_count_++;
  const std::string folder = pack::folder(number);
  WY_RETURN_IF_ERROR(put(folder + "document.json", encode_attributes(facts_of(document))));
  WY_RETURN_IF_ERROR(put(folder + "attributes.json", encode_attributes(document.attributes)));
  for (std::size_t version = 0; version < document.versions.size(); ++version) {
    WY_TRY(const std::string bytes, original(version));
    WY_RETURN_IF_ERROR(put(pack::original(number, version), bytes));
  }
  if (document.text.empty() || !are_pieces(document.chunks, document.text)) return Done{};
  WY_RETURN_IF_ERROR(put(folder + "text.txt", document.text));
  if (!document.layout.empty()) {
    WY_RETURN_IF_ERROR(put(folder + "layout.bin", encode_layout(document.layout)));
  }
  return put(folder + "chunks.bin", encode_pack_chunks(document.chunks));
}

Status PackWriter::finish(PackHead head, const audit::SigningKey& key) {
  SignedLines lines(pack::kTitle);
  lines.add("origin", head.origin);
  lines.add("time", rfc3339(head.created_at));
  lines.add("name", audit::to_base64_text(head.name));
  lines.add("model", audit::to_base64_text(head.model.name));
  lines.add("vector_size", head.model.vector_size);
  lines.add("model_sha256", head.model.sha256);
  lines.add("documents", document_count_);
  lines.add("key", audit::to_base64_text(key.verifying_key().raw()));
  for (const std::string& entry : entries_) lines.add("file", entry);
  const std::string text = lines.sign(key);
  const auto size = static_cast<std::int64_t>(text.size());
  const bool out = sink_(tar_header(std::string(pack::kManifest), size)) && sink_(text) &&
                   sink_(tar_padding(size)) && sink_(tar_end());
  if (!out) return gone();
  return Done{};
}

}  // namespace wenyuan::backup
