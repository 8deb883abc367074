// Documents in: files as multipart, straight to disk, or texts as JSON.
#include <algorithm>

#include "api/access.h"
#include "api/call.h"
#include "api/multipart.h"
#include "api/once.h"
#include "auth/identity/quotas.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kDocumentsMax = 1000;
constexpr std::size_t kMetadataBytesMax = std::size_t{1} << 20;
constexpr TextLimits kTitle{0, 1024};
constexpr TextLimits kExternalId{1, 512};

// A document whose bytes are on disk, and held there until its row is.
struct Upload {
  store::NewDocument document;
  store::BlobInfo blob;
};

// Browsers and curl often do not know the type of a text; the extractor goes by content, but cannot
// tell Markdown from plain text.
std::string media_type_of(const http::Part& part) {
  const std::string_view whole = part.content_type;
  const std::string_view declared = trim(whole.substr(0, whole.find(';')));
  if (!declared.empty() && !http::same_name(declared, "application/octet-stream")) {
    return to_lower_ascii(declared);
  }
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".md", "text/markdown"},
      {".markdown", "text/markdown"},
      {".txt", "text/plain"},
      {".htm", "text/html"},
      {".html", "text/html"},
      {".pdf", "application/pdf"},
      {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}};
  const std::string name = to_lower_ascii(part.file_name);
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return std::string(type);
  }
  return "application/octet-stream";
}

std::string file_name_of(const http::Part& part) {
  return part.file_name.substr(0, byte_offset(part.file_name, 255));
}

// What an upload says about itself beside its bytes.
struct Metadata {
  std::string title, external_id;
  Attributes attributes;
  std::optional<UnixMillis> effective_from, effective_until;

  void describe(store::NewDocument& document) const {
    document.attributes = attributes;
    document.external_id = external_id;
    document.effective_from = effective_from;
    document.effective_until = effective_until;
    if (!title.empty()) document.title = title;
  }
};

std::optional<UnixMillis> read_time(ObjectReader& reader, std::string_view name) {
  const auto text = reader.maybe_text(name, {1, 64});
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) reader.complain(name, "must be a time like 2026-01-31T00:00:00Z");
  return time;
}

Metadata read_metadata(Call& call, ObjectReader& reader) {
  Metadata metadata;
  metadata.title = reader.maybe_text("title", kTitle).value_or("");
  metadata.external_id = reader.maybe_text("external_id", kExternalId).value_or("");
  metadata.attributes = reader.maybe_attributes("attributes").value_or(Attributes());
  call.check_attributes(auth::AttributeOwner::resource, metadata.attributes);
  metadata.effective_from = read_time(reader, "effective_from");
  metadata.effective_until = read_time(reader, "effective_until");
  return metadata;
}

// Takes the parts as they arrive.
class FileReceiver {
 public:
  explicit FileReceiver(Call& call) : call_(call) {}

  http::MultipartReader::Receiver receiver() {
    return {[this](const http::Part& part) { return begin(part); },
            [this](std::string_view bytes) { return take(bytes); }, [this] { return end(); }};
  }

  // The uploads, with what the metadata part says. The blobs of what is given up are in blobs().
  Result<std::vector<Upload>> finish() {
    if (uploads_.empty()) {
      return Error{ErrorCode::invalid_argument, "There is no part named file in the request"};
    }
    if (metadata_text_.empty()) return uploads_;
    WY_TRY(const JsonIn json, parse_json(metadata_text_));
    ObjectReader reader(json, "/metadata", call_.field_errors);
    const Metadata metadata = read_metadata(call_, reader);
    if (uploads_.size() > 1 && !(metadata.title.empty() && metadata.external_id.empty())) {
      reader.complain("", "title and external_id are for one file at a time");
    }
    WY_RETURN_IF_ERROR(status(call_.field_errors));
    for (Upload& upload : uploads_) metadata.describe(upload.document);
    return uploads_;
  }

  std::vector<std::string> blobs() const {
    std::vector<std::string> blobs;
    for (const Upload& upload : uploads_) blobs.push_back(upload.blob.sha256);
    return blobs;
  }
  void let_go() { uploads_.clear(); }

 private:
  Status begin(const http::Part& part) {
    part_ = part;
    if (part.name == "metadata") return Done{};
    if (part.name != "file") {
      call_.field_errors.push_back({"/" + part.name, "is not a part that is known here"});
      return status(call_.field_errors);
    }
    WY_TRY(auto writer, call_.services.blobs->writer(call_.shared.options.upload_bytes_max));
    writer_.emplace(std::move(writer));
    return Done{};
  }

  Status take(std::string_view bytes) {
    if (writer_) return writer_->write(bytes);
    metadata_text_ += bytes;
    if (metadata_text_.size() <= kMetadataBytesMax) return Done{};
    return Error{ErrorCode::too_large, "The metadata part must not be over 1 MiB"};
  }

  Status end() {
    if (!writer_) return Done{};
    WY_TRY(store::BlobInfo blob, writer_->finish());
    writer_.reset();
    if (blob.size_bytes == 0) {
      return Error{ErrorCode::invalid_argument, "The file " + file_name_of(part_) + " is empty"};
    }
    Upload upload;
    upload.document.file_name = file_name_of(part_);
    upload.document.media_type = media_type_of(part_);
    upload.blob = std::move(blob);
    uploads_.push_back(std::move(upload));
    return Done{};
  }

  Call& call_;
  http::Part part_;
  std::optional<store::BlobStore::Writer> writer_;
  std::string metadata_text_;
  std::vector<Upload> uploads_;
};

// Rows, jobs and records of all of them, or of none.
Result<http::Response> add_all(Call& call, store::Transaction& tx,
                               const std::vector<Upload>& uploads) {
  const std::string& collection_id = call.request.parameter("id");
  WY_TRY(const Permit permit, call.permit(tx, Action::write));
  WY_RETURN_IF_ERROR(require_collection(call, tx, permit, collection_id));
  Json json;
  json["documents"] = Json::array();
  for (const Upload& upload : uploads) {
    store::NewDocument document = upload.document;
    document.collection_id = collection_id;
    document.blob_sha256 = upload.blob.sha256;
    document.size_bytes = upload.blob.size_bytes;
    document.user_id = call.principal.user_id;
    WY_TRY(const store::Added added,
           store::add_document(tx, permit, document, call.services.policies->access_attributes(),
                               call.now));
    call.note_object(added.document.id);
    call.note("collection", collection_id);
    call.note("sha256", added.document.sha256);
    call.note("version", added.document.version);
    WY_RETURN_IF_ERROR(call.record(tx, added.duplicate ? "document.repeat" : "document.add"));
    json["documents"].push_back({{"id", added.document.id},
                                 {"state", name(added.document.state)},
                                 {"job_id", added.document.job_id},
                                 {"version", added.document.version},
                                 {"duplicate", added.duplicate}});
  }
  WY_RETURN_IF_ERROR(auth::check_storage(tx, collection_id));
  return json_response(202, json);
}

std::string given_time(const std::optional<UnixMillis>& time) { return time ? rfc3339(*time) : ""; }

// What makes a request that is sent again the same one.
std::string request_text_of(const std::vector<Upload>& uploads) {
  std::string text;
  for (const Upload& upload : uploads) {
    const store::NewDocument& document = upload.document;
    for (const std::string& part :
         {upload.blob.sha256, document.title, document.external_id, document.media_type,
          encode_attributes(document.attributes), given_time(document.effective_from),
          given_time(document.effective_until)}) {
      text += part + '\n';
    }
  }
  return text;
}

Result<http::Response> store_uploads(Call& call, const std::vector<Upload>& uploads) {
  auto response = write_once(call, request_text_of(uploads),
                             [&](store::Transaction& tx) { return add_all(call, tx, uploads); });
  if (response) call.services.jobs->wake();
  return response;
}

Result<http::Response> upload_files(Call& call, const std::string& content_type) {
  FileReceiver files(call);
  const auto take = [&]() -> Result<http::Response> {
    WY_TRY(auto reader, http::MultipartReader::create(
                            content_type, {.parts_max = kDocumentsMax + 1}, files.receiver()));
    WY_RETURN_IF_ERROR(
        call.request.read_body([&](std::string_view bytes) { return reader.take(bytes); }));
    WY_RETURN_IF_ERROR(reader.finish());
    WY_TRY(const auto uploads, files.finish());
    return store_uploads(call, uploads);
  };
  auto response = take();
  if (!response) {
    const auto blobs = files.blobs();
    files.let_go();
    remove_files(call, blobs);
  }
  return response;
}

// One {title,text,attributes,external_id,media_type}.
Result<Upload> read_text(Call& call, ObjectReader& reader) {
  Upload upload;
  const Metadata metadata = read_metadata(call, reader);
  metadata.describe(upload.document);
  upload.document.media_type = reader.maybe_text("media_type", {1, 128}).value_or("text/plain");
  reader.refuse("url", "is not supported by this version; send the text or a file");
  if (!std::ranges::count(
          std::initializer_list<std::string_view>{"text/plain", "text/markdown", "text/html"},
          upload.document.media_type)) {
    reader.complain("media_type", "must be text/plain, text/markdown or text/html");
  }
  const std::string text = reader.text("text", {1, kJsonBytesMax});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(upload.blob, call.services.blobs->put(text, call.shared.options.upload_bytes_max));
  return upload;
}

Result<http::Response> upload_texts(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  std::vector<Upload> uploads;
  const auto take = [&]() -> Result<http::Response> {
    if (!reader.has("documents")) {
      WY_TRY(Upload upload, read_text(call, reader));
      uploads.push_back(std::move(upload));
      return store_uploads(call, uploads);
    }
    const JsonIn* documents = reader.maybe_array("documents", kDocumentsMax);
    WY_RETURN_IF_ERROR(status(call.field_errors));
    if (documents->empty()) reader.complain("documents", "must not be empty");
    for (const JsonIn& one : *documents) {
      ObjectReader item(one, "/documents/" + std::to_string(uploads.size()), call.field_errors);
      WY_TRY(Upload upload, read_text(call, item));
      uploads.push_back(std::move(upload));
    }
    WY_RETURN_IF_ERROR(status(call.field_errors));
    return store_uploads(call, uploads);
  };
  auto response = take();
  if (!response) {
    std::vector<std::string> blobs;
    for (const Upload& upload : uploads) blobs.push_back(upload.blob.sha256);
    uploads.clear();
    remove_files(call, blobs);
  }
  return response;
}

Result<http::Response> add_documents(Call& call) {
  const std::string& id = call.request.parameter("id");
  // Before a large body is taken in.
  WY_RETURN_IF_ERROR(call.read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(const Permit permit, call.permit(snapshot, Action::write));
    return require_collection(call, snapshot, permit, id);
  }));
  const std::string* header = call.request.headers.find("Content-Type");
  const std::string content_type = header == nullptr ? "" : *header;
  if (http::same_name(trim(content_type.substr(0, content_type.find(';'))),
                      "multipart/form-data")) {
    return upload_files(call, content_type);
  }
  return upload_texts(call);
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/collections/{id}/documents",
     .handler = add_documents,
     .scope = "documents:write",
     .body = Body::upload},
};

}  // namespace

std::span<const Route> upload_routes() { return kRoutes; }

}  // namespace wenyuan::api
