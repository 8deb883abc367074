// One document and what belongs to it. Uploads are in upload_routes.cc.
#include "api/access.h"
#include "api/call.h"
#include "api/receipts.h"
#include "api/wire.h"
#include "base/id.h"
#include "store/erasure_log.h"
#include "store/erasure_secrets.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kPieceSize = std::size_t{1} << 20;

Result<http::Response> list_documents(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  const store::Page page = call.page();
  store::DocumentFilter filter;
  filter.collection_id = id;
  filter.external_id = call.query_text("external_id");
  filter.media_type = call.query_text("media_type");
  if (const std::string text = call.query_text("state"); !text.empty()) {
    filter.state = document_state(text);
    if (!filter.state) {
      call.field_errors.push_back({"?state", "must be queued, processing, ready or failed"});
    }
  }
  if (const std::string text = call.query_text("created_after"); !text.empty()) {
    filter.created_after = parse_rfc3339(text);
    if (!filter.created_after) {
      call.field_errors.push_back({"?created_after", "must be a time like 2026-01-31T00:00:00Z"});
    }
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(visible_collection(call, snapshot, id));
    WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
    WY_TRY(const auto listing, store::documents(snapshot, permit, filter, page));
    call.note("count", static_cast<std::int64_t>(listing.items.size()));
    return json_response(200,
                         list_json(listing.items, listing.next_cursor,
                                   [](const Document& document) { return to_json(document); }));
  });
}

Result<http::Response> get_document(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Document document, readable_document(call, snapshot, id));
    return tagged_response(call, to_json(document));
  });
}

std::string document_etag(const Document& document) { return etag_of(to_text(to_json(document))); }

Result<http::Response> change_document(Call& call) {
  const std::string& id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const auto title = reader.maybe_text("title", {1, 1024});
  const auto attributes = reader.maybe_attributes("attributes");
  call.check_attributes(auth::AttributeOwner::resource, attributes);
  reader.refuse("external_id", "cannot be changed");
  reader.refuse("collection_id", "cannot be changed");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const Permit permit, call.permit(tx, Action::write));
    auto document = store::document(tx, permit, id);
    if (!document) return not_writable(call, tx, id, document.error());
    WY_RETURN_IF_ERROR(call.check_if_match(document_etag(*document)));
    document->title = title.value_or(document->title);
    document->attributes = attributes.value_or(document->attributes);
    auto changed = store::update_document(tx, permit, *document,
                                          call.services.policies->access_attributes(), call.now);
    if (!changed) return not_writable(call, tx, id, changed.error());
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "document.change"));
    return tagged_response(call, to_json(*changed));
  });
}

Result<http::Response> remove_document(Call& call) {
  const std::string& id = call.request.parameter("id");
  const std::string receipt_id = new_id("rct");
  store::Erased erased;
  GivenReceipt receipt;
  const Status done = call.write([&](store::Transaction& tx) -> Status {
    WY_TRY(const Permit permit, call.permit(tx, Action::write));
    auto document = store::document(tx, permit, id);
    // What is damaged can still be erased.
    const bool damaged = !document && document.error().code == ErrorCode::corrupt;
    if (!document && !damaged) return not_writable(call, tx, id, document.error());
    WY_RETURN_IF_ERROR(call.check_if_match(damaged ? "" : document_etag(*document)));
    auto removed = store::remove_document(tx, permit, id);
    if (!removed) return not_writable(call, tx, id, removed.error());
    erased = *std::move(removed);
    call.note_object(id);
    call.note("receipt", receipt_id);
    call.note("versions", erased.versions);
    call.note("chunks", erased.chunks);
    call.note("sha256", erased.sha256);
    call.note("original_removed", erased.blob_removed);
    call.note("answers", erased.answers);
    WY_RETURN_IF_ERROR(call.record(tx, "document.erase"));
    WY_TRY(receipt, keep_receipt(call, tx, erased, receipt_id));
    return Done{};
  });
  if (!done && !is_kept(call, receipt_id)) return done.error();
  remove_files(call, erased.unnamed_blobs);
  Json json = to_json(receipt);
  json["sha256"] = erased.sha256;
  return json_response(200, json);
}

// For whoever erased it, and for those who look after the log; for others it is not there.
Result<http::Response> get_erasure(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const store::Erasure erasure, store::erasure(snapshot, id));
    if (erasure.user_id != call.principal.user_id && !call.require(auth::Duty::audit_read)) {
      return Error{ErrorCode::not_found, "no such erasure"};
    }
    Json json;
    json["receipt_id"] = erasure.receipt_id;
    const bool of_collection = erasure.erased_id.starts_with("col_");
    json["document_id"] = of_collection ? Json(nullptr) : Json(erasure.erased_id);
    json["collection_id"] = of_collection ? Json(erasure.erased_id) : Json(nullptr);
    json["erased_at"] = rfc3339(erasure.erased_at);
    json["state"] = erasure.swept_at ? "complete" : "sweeping";
    json["swept_at"] = erasure.swept_at ? Json(rfc3339(*erasure.swept_at)) : Json(nullptr);
    json["receipt"] = erasure.receipt;
    return json_response(200, json);
  });
}

// RFC 6266 and 8187: an ASCII name for old clients, the real one for all others.
std::string attachment(std::string_view title) {
  std::string plain, escaped;
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : title) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool safe = letter || c == '.' || c == '-' || c == '_';
    plain += safe || c == ' ' ? c : '_';
    if (safe) {
      escaped += c;
    } else {
      escaped += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + escaped;
}

// Which version a read is about; nothing: the one of now.
struct WantedVersion {
  std::optional<UnixMillis> as_of;
  std::int64_t number = 0;
};

WantedVersion read_wanted(Call& call) {
  WantedVersion wanted;
  wanted.number = call.query_integer("version", 0, 1, INT32_MAX);
  const std::string text = call.query_text("as_of");
  if (text.empty()) return wanted;
  wanted.as_of = parse_rfc3339(text);
  if (!wanted.as_of) {
    call.field_errors.push_back({"?as_of", "must be a time like 2026-01-31T00:00:00Z"});
  }
  if (wanted.number != 0) {
    call.field_errors.push_back({"?version", "is one thing, as_of another; give one of them"});
  }
  return wanted;
}

// With the bytes of that version, under the rights of now.
Result<Document> document_with(Call& call, store::Snapshot& snapshot, const std::string& id,
                               const WantedVersion& wanted) {
  WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
  WY_TRY(Document document, store::document(snapshot, permit, id));
  if (!wanted.as_of && wanted.number == 0) return document;
  WY_TRY(const auto version, wanted.as_of
                                 ? store::version_at(snapshot, permit, id, *wanted.as_of)
                                 : store::version_numbered(snapshot, permit, id, wanted.number));
  document.sha256 = version.sha256;
  document.media_type = version.media_type;
  call.note("version", version.version);
  return document;
}

bool is_whole(const SealedReader& file) {
  for (std::int64_t at = 0; at < file.size();) {
    const auto piece = file.read(at, kPieceSize);
    if (!piece) return false;
    at += static_cast<std::int64_t>(piece->size());
  }
  return true;
}

constexpr std::string_view kDamaged = "The original of this document is damaged on disk";

// Why it cannot be read, without where it lies.
Error no_original(const Document& document, const Error& error) {
  if (document.unreadable) return {ErrorCode::corrupt, document.error};
  if (error.code == ErrorCode::not_found) {
    return {ErrorCode::corrupt,
            "The original of this document is not on the disk, or its key is no longer there"};
  }
  const bool lost = error.message == store::lost_secret().message;
  if (error.code != ErrorCode::corrupt) {
    return {ErrorCode::unavailable, "The original of this document cannot be read now"};
  }
  return lost ? error : Error{ErrorCode::corrupt, std::string(kDamaged)};
}

Result<http::Response> get_content(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  const WantedVersion wanted = read_wanted(call);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const Document document, call.read([&](store::Snapshot& snapshot) {
    return document_with(call, snapshot, id, wanted);
  }));
  const auto original = call.services.blobs->reader(document.sha256);
  if (!original) return no_original(document, original.error());
  // Read twice rather than kept in memory: originals can be large.
  if (!is_whole(**original)) return Error{ErrorCode::corrupt, std::string(kDamaged)};
  http::Response response;
  response.file = http::FileBody{(*original)->size(),
                                 [file = *original](std::int64_t offset, std::size_t count) {
                                   return file->read(offset, count);
                                 }};
  response.headers.set("Content-Type", document.media_type.empty() ? "application/octet-stream"
                                                                   : document.media_type);
  response.headers.set(
      "Content-Disposition",
      attachment(document.file_name.empty() ? document.title : document.file_name));
  // Whatever somebody uploaded: never to be run as part of this site.
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("ETag", "\"" + document.sha256.substr(0, 32) + "\"");
  return response;
}

Result<http::Response> list_chunks(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  const store::Page page = call.page();
  const WantedVersion wanted = read_wanted(call);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
    std::int64_t version = wanted.number;
    if (version != 0) WY_RETURN_IF_ERROR(store::version_numbered(snapshot, permit, id, version));
    if (wanted.as_of) {
      WY_TRY(version, store::text_version_at(snapshot, permit, id, *wanted.as_of));
    }
    if (version != 0) call.note("version", version);
    WY_TRY(const auto listing, store::chunks(snapshot, permit, id, page, version));
    return json_response(200, list_json(listing.items, listing.next_cursor,
                                        [](const Chunk& chunk) { return to_json(chunk); }));
  });
}

Result<http::Response> list_versions(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  const WantedVersion wanted = read_wanted(call);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
    std::vector<store::DocumentVersion> versions;
    if (wanted.number != 0) {
      WY_TRY(auto numbered, store::version_numbered(snapshot, permit, id, wanted.number));
      versions.push_back(std::move(numbered));
    } else if (wanted.as_of) {
      WY_TRY(auto held, store::version_at(snapshot, permit, id, *wanted.as_of));
      versions.push_back(std::move(held));
    } else {
      WY_TRY(versions, store::versions(snapshot, permit, id));
    }
    return json_response(200, list_json(versions, "", [](const store::DocumentVersion& version) {
                           return to_json(version);
                         }));
  });
}

constexpr std::string_view kRead = "documents:read";
constexpr std::string_view kWrite = "documents:write";

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/collections/{id}/documents",
     .handler = list_documents,
     .action = "document.list",
     .scope = kRead},
    {.method = "GET",
     .path = "/v1/documents/{id}",
     .handler = get_document,
     .action = "document.read",
     .scope = kRead},
    {.method = "PATCH",
     .path = "/v1/documents/{id}",
     .handler = change_document,
     .scope = kWrite,
     .body = Body::json},
    {.method = "DELETE", .path = "/v1/documents/{id}", .handler = remove_document, .scope = kWrite},
    {.method = "GET",
     .path = "/v1/erasures/{id}",
     .handler = get_erasure,
     .action = "erasure.read",
     .scope = kRead},
    {.method = "GET",
     .path = "/v1/documents/{id}/content",
     .handler = get_content,
     .action = "document.download",
     .scope = kRead},
    {.method = "GET",
     .path = "/v1/documents/{id}/chunks",
     .handler = list_chunks,
     .action = "document.read",
     .scope = kRead},
    {.method = "GET",
     .path = "/v1/documents/{id}/versions",
     .handler = list_versions,
     .action = "document.read",
     .scope = kRead},
};

}  // namespace

std::span<const Route> document_routes() { return kRoutes; }

}  // namespace wenyuan::api
