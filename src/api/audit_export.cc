// The audit log as a file that proves itself.
#include <algorithm>

#include "api/audit_filter.h"
#include "audit/checkpoint.h"
#include "audit/export.h"
#include "base/log.h"

namespace wenyuan::api {
namespace {

constexpr int kPageSize = 200;

struct Wanted {
  audit::ExportQuery query;
  audit::ExportFormat format = audit::ExportFormat::jsonl;
  std::int64_t size = 0;  // 0: of a checkpoint made now
};

Wanted read_wanted(Call& call, bool personal) {
  Wanted wanted;
  const std::string format = call.query_text("format");
  if (format == "ocsf") {
    wanted.format = audit::ExportFormat::ocsf;
  } else if (!format.empty() && format != "jsonl") {
    call.field_errors.push_back({"?format", "must be jsonl or ocsf"});
  }
  wanted.query.filter = read_audit_filter(call);
  wanted.query.first = call.query_integer("first", 1, 1, INT64_MAX);
  wanted.query.last = call.query_integer("last", INT64_MAX, 1, INT64_MAX);
  wanted.query.proofs = call.query_flag("proofs", true);
  wanted.size = call.query_integer("size", 0, 1, INT64_MAX);
  if (personal) wanted.query.vault = call.services.vault;
  const bool whole = !audit::is_filtered(wanted.query.filter) && wanted.query.first == 1 &&
                     wanted.query.last == INT64_MAX && wanted.format == audit::ExportFormat::jsonl;
  if (!wanted.query.proofs && !whole) {
    call.field_errors.push_back({"?proofs", "may only be false for the whole log as jsonl"});
  }
  return wanted;
}

Result<audit::StoredCheckpoint> checkpoint_for(Call& call, std::int64_t size) {
  if (size == 0) WY_RETURN_IF_ERROR(call.services.checkpointer->write(call.now));
  return call.read([&](store::Snapshot& snapshot) -> Result<audit::StoredCheckpoint> {
    if (size > 0) return audit::stored_checkpoint(snapshot, size);
    WY_TRY(auto newest, audit::stored_checkpoints(snapshot, 0, 1));
    if (newest.empty()) return Error{ErrorCode::not_found, "the log has no checkpoint"};
    return std::move(newest.front());
  });
}

// Ends early when the client goes, or when the log cannot be read: then the copy is cut off, which
// whoever verifies it finds.
void write_lines(store::Database& database, Wanted wanted, http::BodyWriter& writer) {
  for (;;) {
    const auto page = database.read([&](store::Snapshot& snapshot) {
      return audit::export_page(snapshot, wanted.query, kPageSize);
    });
    if (!page) {
      log::error("audit.export_failed", {{"why", page.error().message}});
      return;
    }
    if (page->empty()) return;
    std::string text;
    for (const audit::ExportLine& line : *page) {
      text += audit::export_line(line, wanted.format);
      text += '\n';
    }
    if (!writer.write(text)) return;
    wanted.query.first = page->back().number + 1;
  }
}

}  // namespace

Result<http::Response> export_audit(Call& call) {
  const bool personal = call.query_flag("personal", false);
  WY_RETURN_IF_ERROR(require_audit_reader(call, personal));
  Wanted wanted = read_wanted(call, personal);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const audit::StoredCheckpoint checkpoint, checkpoint_for(call, wanted.size));
  wanted.query.size = checkpoint.checkpoint.size;
  wanted.query.last = std::min(wanted.query.last, wanted.query.size);
  call.note("personal", personal);
  call.note("size", wanted.query.size);
  WY_RETURN_IF_ERROR(call.record("audit.export"));
  http::Response response = http::make_response(200, "application/x-ndjson", "");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Content-Disposition", "attachment; filename=\"audit.jsonl\"");
  std::string head;
  if (wanted.format == audit::ExportFormat::jsonl) {
    audit::ExportHead promised;
    promised.checkpoint = checkpoint.note;
    promised.first = wanted.query.first;
    promised.last = wanted.query.last;
    promised.filtered = audit::is_filtered(wanted.query.filter);
    promised.proofs = wanted.query.proofs;
    head = call.services.checkpointer->export_head(promised) + "\n";
  }
  response.stream = [database = call.services.database, wanted, head](http::BodyWriter& writer) {
    if (!head.empty() && !writer.write(head)) return;
    write_lines(*database, wanted, writer);
  };
  return response;
}

}  // namespace wenyuan::api
