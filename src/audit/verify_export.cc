#include "audit/verify_export.h"

#include <optional>

#include "audit/export_line.h"
#include "audit/merkle.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what)}; }
std::string record_named(std::int64_t number) { return "audit record " + std::to_string(number); }

}  // namespace

struct ExportVerifier::Impl {
  Impl(const VerifyingKey& verifying_key, std::string kept_note)
      : key(verifying_key), note(std::move(kept_note)) {}

  const VerifyingKey& key;
  const std::string note;
  std::int64_t line_number = 0;
  std::optional<ExportHead> head;
  std::optional<Checkpoint> checkpoint;
  MerkleBuilder builder;  // for exports without proofs
  ExportVerification made;

  bool filtered() const { return head ? head->filtered : true; }
  bool proofs() const { return !head || head->proofs; }
  Status take_head(std::string_view line);
  Status take_kept_note();
  Status check_order(std::int64_t number) const;
  Status check_proof(const ExportLine& line) const;
};

ExportVerifier::ExportVerifier(const VerifyingKey& key, std::string note)
    : impl_(std::make_unique<Impl>(key, std::move(note))) {}
ExportVerifier::~ExportVerifier() = default;

Status ExportVerifier::Impl::take_kept_note() {
  if (note.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "this export has no checkpoint in it: give the one that it was made for"};
  }
  WY_TRY(checkpoint, open_checkpoint(note, key));
  return Done{};
}

Status ExportVerifier::Impl::take_head(std::string_view line) {
  WY_TRY(head, read_export_head(line, key));
  WY_TRY(checkpoint, open_checkpoint(head->checkpoint, key));
  if (head->last > checkpoint->size ||
      (!head->proofs && (head->filtered || head->first != 1 || head->last != checkpoint->size))) {
    return corrupt("the export's first line promises more than its checkpoint proves");
  }
  if (note.empty()) return Done{};
  WY_TRY(const Checkpoint kept, open_checkpoint(note, key));
  if (kept.origin != checkpoint->origin) {
    return corrupt("the export is of another log: " + checkpoint->origin + ", not " + kept.origin);
  }
  if (kept.size > checkpoint->size) {
    return corrupt("the log is cut off: the checkpoint kept elsewhere saw " +
                   std::to_string(kept.size) + " records, the export's saw " +
                   std::to_string(checkpoint->size));
  }
  if (kept.size == checkpoint->size && kept.root != checkpoint->root) {
    return corrupt("the log was written twice: the checkpoint kept elsewhere has another root");
  }
  return Done{};
}

Status ExportVerifier::Impl::check_order(std::int64_t number) const {
  const std::int64_t expected = made.record_count > 0     ? made.last + 1
                                : head && !head->filtered ? head->first
                                                          : 1;
  if (number < expected) {
    return corrupt(record_named(number) + (made.record_count > 0 ? " is there twice or out of order"
                                                                 : " does not belong here"));
  }
  if (number > expected && !filtered()) return corrupt(record_named(expected) + " is missing");
  return Done{};
}

Status ExportVerifier::Impl::check_proof(const ExportLine& line) const {
  if (!proofs()) return Done{};
  if (proves_inclusion(line.leaf, static_cast<std::uint64_t>(line.number - 1),
                       static_cast<std::uint64_t>(checkpoint->size), line.proof,
                       checkpoint->root)) {
    return Done{};
  }
  return corrupt(record_named(line.number) +
                 " was changed or put in: it is not in the log that was signed");
}

Status ExportVerifier::take(std::string_view line) {
  Impl& impl = *impl_;
  ++impl.line_number;
  if (impl.line_number == 1 && is_export_head(line)) return impl.take_head(line);
  if (!impl.checkpoint) WY_RETURN_IF_ERROR(impl.take_kept_note());
  const auto read = read_export_line(line);
  if (!read) {
    return corrupt("line " + std::to_string(impl.line_number) + " (behind record " +
                   std::to_string(impl.made.last) + ") was changed: " + read.error().message);
  }
  if (read->number < 1 || read->number > impl.checkpoint->size) {
    return corrupt(record_named(read->number) + " was put in: the log had " +
                   std::to_string(impl.checkpoint->size) + " records");
  }
  WY_RETURN_IF_ERROR(impl.check_order(read->number));
  WY_RETURN_IF_ERROR(impl.check_proof(*read));
  if (!impl.proofs()) impl.builder.add(read->leaf);
  if (impl.made.record_count == 0) impl.made.first = read->number;
  impl.made.last = read->number;
  ++impl.made.record_count;
  if (!read->record) ++impl.made.retired_count;
  return Done{};
}

Result<ExportVerification> ExportVerifier::finish() {
  Impl& impl = *impl_;
  if (!impl.checkpoint) WY_RETURN_IF_ERROR(impl.take_kept_note());
  ExportVerification& made = impl.made;
  if (impl.head && !impl.head->filtered) {
    const std::int64_t reached = made.record_count > 0 ? made.last : impl.head->first - 1;
    if (reached < impl.head->last) {
      return corrupt("the export is cut off: it ends behind record " + std::to_string(reached) +
                     ", and should have those up to " + std::to_string(impl.head->last));
    }
    if (reached > impl.head->last) {
      return corrupt(record_named(impl.head->last + 1) + " was put in behind the export's end");
    }
  }
  if (!impl.proofs() && impl.builder.root() != impl.checkpoint->root) {
    return corrupt("a record was changed: the records do not give the root that was signed");
  }
  // Without a head, all records are all that the checkpoint saw.
  made.filtered = impl.head ? impl.head->filtered : made.record_count != impl.checkpoint->size;
  made.checkpoint = *impl.checkpoint;
  return made;
}

Result<ExportVerification> verify_export(std::istream& input, const VerifyingKey& key,
                                         const std::string& note) {
  ExportVerifier verifier(key, note);
  for (std::string line; std::getline(input, line);) {
    // A last line without its end is what a broken copy leaves.
    if (input.eof()) return corrupt("the export is cut off within its last line");
    WY_RETURN_IF_ERROR(verifier.take(line));
  }
  return verifier.finish();
}

}  // namespace wenyuan::audit
