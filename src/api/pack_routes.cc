// A collection as one file, out and in; docs/formats/kbpack.md.
#include <array>

#include "api/access.h"
#include "api/call.h"
#include "api/spool.h"
#include "audit/base64.h"
#include "auth/identity/quotas.h"
#include "backup/pack_store.h"
#include "base/log.h"

namespace wenyuan::api {
namespace {

constexpr int kListSize = 200;

// Of the embedding model in use; without a name when there is none.
backup::PackModel own_model(const Services& services) {
  const index::VectorModel model = services.indexer->model();
  backup::PackModel own{model.name, static_cast<std::int64_t>(model.vector_size), ""};
  if (model.name.empty()) return own;
  const auto known = services.engine->models();
  if (!known) return own;
  for (const llm::ModelInfo& each : *known) {
    if (each.name == model.name) own.sha256 = each.sha256;
  }
  return own;
}

Result<std::vector<std::string>> document_ids(store::Snapshot& snapshot, const Permit& permit,
                                              const std::string& collection_id) {
  std::vector<std::string> ids;
  store::DocumentFilter filter;
  filter.collection_id = collection_id;
  store::Page page{.limit = kListSize, .cursor = {}};
  do {
    WY_TRY(const auto some, store::documents(snapshot, permit, filter, page));
    for (const Document& each : some.items) ids.push_back(each.id);
    page.cursor = some.next_cursor;
  } while (!page.cursor.empty());
  return ids;
}

// Each document as it is, and as it may be read, when its turn comes: one that goes meanwhile is
// left out. A pack that ends early has no manifest, so nobody takes it.
struct Export {
  Services services;
  auth::Principal principal;
  std::vector<std::string> ids;
  backup::PackHead head;

  Result<backup::ForPack> read(const std::string& id) const {
    return services.database->read([&](store::Snapshot& snapshot) -> Result<backup::ForPack> {
      WY_TRY(const Permit permit, services.policies->permit(snapshot, principal, Action::read));
      return backup::read_for_pack(snapshot, permit, id, head.model.name);
    });
  }

  Status write(http::BodyWriter& out) const {
    backup::PackWriter writer([&](std::string_view bytes) { return out.write(bytes); });
    for (const std::string& id : ids) {
      const auto made = read(id);
      if (!made && made.error().code == ErrorCode::not_found) continue;
      if (!made) return made.error();
      WY_RETURN_IF_ERROR(writer.add(made->document, [&](std::size_t version) {
        return services.blobs->get(made->originals[version]);
      }));
    }
    return writer.finish(head, services.checkpointer->signing_key());
  }
};

Result<http::Response> export_collection(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  Export wanted{call.services, call.principal, {}, {}};
  wanted.head.origin = call.services.database->store_id();
  wanted.head.created_at = call.now;
  wanted.head.model = own_model(call.services);
  WY_RETURN_IF_ERROR(call.read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(const Collection collection, visible_collection(call, snapshot, id));
    wanted.head.name = collection.name;
    WY_TRY(const Permit permit, call.permit(snapshot, Action::read));
    WY_TRY(wanted.ids, document_ids(snapshot, permit, id));
    return Done{};
  }));
  call.note("documents", static_cast<std::int64_t>(wanted.ids.size()));
  WY_RETURN_IF_ERROR(call.record("collection.export"));
  http::Response response = http::make_response(200, "application/x-tar", "");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Content-Disposition", "attachment; filename=\"" + id + ".kbpack\"");
  response.stream = [wanted = std::move(wanted)](http::BodyWriter& writer) {
    if (const Status written = wanted.write(writer); !written) {
      log::error("kbpack.export_failed", {{"why", written.error().message}});
    }
  };
  return response;
}

// What a stranger has packed wrongly is no fault of the store.
Error blame_the_pack(Error error) {
  if (error.code == ErrorCode::corrupt) error.code = ErrorCode::invalid_argument;
  return error;
}

struct Taken {
  std::int64_t documents = 0, duplicates = 0, chunks = 0;
};

class Import {
 public:
  Import(Call& call, const backup::PackReader& pack)
      : call_(call),
        pack_(pack),
        same_model_(backup::same_model(pack.head().model, own_model(call.services))) {}

  Result<Taken> run() {
    for (std::int64_t number = 0; number < pack_.head().document_count; ++number) {
      if (const Status taken = take(number); !taken) {
        return within("document " + std::to_string(number + 1) + " of the pack, after " +
                          std::to_string(taken_.documents) + " were taken",
                      blame_the_pack(taken.error()));
      }
    }
    return taken_;
  }
  bool same_model() const { return same_model_; }

 private:
  Status take(std::int64_t number) {
    WY_TRY(const backup::PackDocument document, pack_.document(number));
    backup::FromPack from;
    from.collection_id = call_.request.parameter("id");
    from.user_id = call_.principal.user_id;
    from.document = &document;
    if (same_model_) from.embedding_model = pack_.head().model.name;
    std::vector<std::string> blobs;
    Status stored = Done{};
    for (std::size_t version = 0; stored && version < document.versions.size(); ++version) {
      stored = put(number, version, from, blobs);
    }
    if (stored) stored = add(from);
    from.originals.clear();
    if (!stored) remove_files(call_, blobs);
    return stored;
  }

  Status put(std::int64_t number, std::size_t version, backup::FromPack& from,
             std::vector<std::string>& blobs) {
    WY_TRY(const std::string bytes, pack_.original(number, version));
    WY_TRY(store::BlobInfo blob,
           call_.services.blobs->put(bytes, call_.shared.options.upload_bytes_max));
    blobs.push_back(blob.sha256);
    from.originals.push_back(std::move(blob));
    return Done{};
  }

  Status add(const backup::FromPack& from) {
    WY_TRY(
        const store::Added added, call_.write([&](store::Transaction& tx) -> Result<store::Added> {
          WY_TRY(const Permit permit, call_.permit(tx, Action::write));
          WY_RETURN_IF_ERROR(require_collection(call_, tx, permit, from.collection_id));
          WY_TRY(store::Added made,
                 backup::take_from_pack(tx, permit, from,
                                        call_.services.policies->access_attributes(), call_.now));
          WY_RETURN_IF_ERROR(auth::check_storage(tx, from.collection_id));
          call_.note_object(made.document.id);
          call_.note("collection", from.collection_id);
          call_.note("sha256", made.document.sha256);
          call_.note("version", made.document.version);
          call_.note("from_pack", true);
          WY_RETURN_IF_ERROR(call_.record(tx, made.duplicate ? "document.repeat" : "document.add"));
          return made;
        }));
    taken_.documents += 1;
    taken_.duplicates += added.duplicate ? 1 : 0;
    if (!added.duplicate) {
      taken_.chunks += static_cast<std::int64_t>(from.document->chunks.size());
    }
    return Done{};
  }

  Call& call_;
  const backup::PackReader& pack_;
  const bool same_model_;
  Taken taken_;
};

Result<http::Response> import_collection(Call& call) {
  const std::string& id = call.request.parameter("id");
  // Before a large body is taken in.
  WY_RETURN_IF_ERROR(call.read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(const Permit permit, call.permit(snapshot, Action::write));
    return require_collection(call, snapshot, permit, id);
  }));
  WY_TRY(Spool spool, Spool::create());
  WY_RETURN_IF_ERROR(
      call.request.read_body([&](std::string_view bytes) { return spool.write(bytes); }));
  backup::PackLimits limits;
  limits.original_max = call.shared.options.upload_bytes_max;
  const auto pack = backup::PackReader::open(
      [&](std::int64_t offset, std::size_t size) { return spool.read(offset, size); }, spool.size(),
      limits);
  if (!pack) return blame_the_pack(pack.error());
  Import import(call, *pack);
  const auto taken = import.run();
  call.services.jobs->wake();  // also for what was taken before an error
  if (!taken) return taken.error();
  call.note_object(id);
  call.note("documents", taken->documents);
  call.note("origin", pack->head().origin);
  call.note("signed_by", audit::to_base64_text(pack->head().key));
  WY_RETURN_IF_ERROR(call.record("collection.import"));
  Json json;
  json["documents"] = taken->documents;
  json["duplicates"] = taken->duplicates;
  json["chunks"] = taken->chunks;
  json["vectors_kept"] = import.same_model();
  json["origin"] = pack->head().origin;
  json["signed_by"] = audit::to_base64_text(pack->head().key);
  json["created_at"] = rfc3339(pack->head().created_at);
  return json_response(200, json);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/collections/{id}/pack",
     .handler = export_collection,
     .action = "collection.export",
     .scope = "documents:read"},
    {.method = "POST",
     .path = "/v1/collections/{id}/pack",
     .handler = import_collection,
     .scope = "documents:write",
     .body = Body::pack},
};

}  // namespace

std::span<const Route> pack_routes() { return kRoutes; }

}  // namespace wenyuan::api
