// Collections, documents, chunks and labels in the database. Everything that touches content takes
// a Permit; functions without one move content only between parts of the server.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/era.h"
#include "base/layout.h"
#include "base/permit.h"
#include "store/database.h"

namespace wenyuan::store {

// Attributes that labels are made of. Others are for filtering only.
using AccessAttributes = std::vector<std::string>;  // sorted names

struct DocumentFilter {
  std::string collection_id{};  // empty: every permitted one
  std::optional<DocumentState> state{};
  std::string external_id{};  // empty: any
  std::string media_type{};   // empty: any
  Attributes attributes{};    // each must be equal
  std::optional<UnixMillis> created_after{};
};

struct Page {
  int limit = 50;        // 1 to 200
  std::string cursor{};  // as the last page gave it; empty for the first
};

template <class T>
struct Listing {
  std::vector<T> items;
  std::string next_cursor;  // empty at the end
};

// What a delete removed; the receipt's body.
struct Erased {
  struct Original {
    std::string sha256;
    std::int64_t size_bytes = 0;
  };
  std::string document_id{};
  std::string collection_id{};
  LabelId label_id = 0;
  std::string sha256{};  // of the newest version
  std::int64_t versions = 0;
  std::int64_t chunks = 0;
  std::int64_t vectors = 0;
  std::int64_t bytes = 0;    // of all versions' originals
  std::int64_t answers = 0;  // remembered ones that named it
  std::int64_t rows = 0;     // of the database, theirs too
  ChunkId first_chunk = 0;   // 0: none
  ChunkId last_chunk = 0;
  std::vector<ChunkId> past_chunks{};  // first and last of each superseded version
  std::int64_t key_secret = 0;         // the erasure secret that is destroyed
  std::vector<Original> originals{};   // one for each version
  bool blob_removed = false;           // false when another document has the same bytes
  CommitNumber commit = 0;
  // Every blob (of any version) that no row names any more. After the commit the caller gives them
  // to remove_blobs() (store/blob_removal.h).
  std::vector<std::string> unnamed_blobs{};
};

// One entry of the replay log of derived indexes.
struct Change {
  CommitNumber commit = 0;
  LabelId label = 0;
  bool added = true;  // else removed
  std::string document_id;
  ChunkId first_chunk = 0;  // the document's chunks are [first_chunk, last_chunk]
  ChunkId last_chunk = 0;
};

// All functions are stateless; they work inside the snapshot or transaction given.
//
// Those that take a permit answer, in this order: forbidden when its action is not one that they
// take (a bug in the caller), conflict when it is stale, not_found when what is asked for does not
// exist or is not covered, with the same words for both.

// --- collections -------------------------------------------------------------------------------
// A collection is visible to who may read, write or manage it; the caller (auth) has decided, and
// passes the permit. not_found when it does not cover the collection.
Status add_collection(Transaction& tx, const Collection& collection);
// Takes a permit to manage. Relabels the collection's documents.
Status update_collection(Transaction& tx, const Permit& permit, const Collection& collection,
                         const AccessAttributes& access);
// Takes a permit to manage. Removes all its documents too, also those that the permit does not
// cover: whoever owns the collection may end it.
Result<std::vector<Erased>> remove_collection(Transaction& tx, const Permit& permit,
                                              const std::string& id);
// Without a permit: names, owners and attributes, no content. For auth's decisions.
Result<Collection> collection(Snapshot& snapshot, const std::string& id);
Result<std::vector<Collection>> collections(Snapshot& snapshot);

// --- labels ------------------------------------------------------------------------------------
// In the order of their ids. Only labels with documents exist.
Result<std::vector<Label>> labels(Snapshot& snapshot);
// At start: when the access-relevant attributes are not those of the last start, labels all
// documents anew.
Status use_access_attributes(Transaction& tx, const AccessAttributes& access);
// For auth, when the first grant on a document itself is made (own_label) or the last is removed.
Status set_document_compartment(Transaction& tx, const std::string& document_id, bool own_label,
                                const AccessAttributes& access);

// --- documents ---------------------------------------------------------------------------------
struct NewDocument {
  std::string collection_id{};
  std::string title{};
  std::string file_name{};    // takes the place of a title when neither upload nor file has one
  std::string external_id{};  // the same one again is a new version of that document
  std::string media_type{};   // as declared; extraction sets the real one
  std::string blob_sha256{};  // hex; the blob must be in the BlobStore already
  std::int64_t size_bytes = 0;
  Attributes attributes{};
  std::string user_id{};
  // When this version holds; from now, and until a later one does, where nothing is given.
  std::optional<UnixMillis> effective_from{}, effective_until{};
};
struct Added {
  Document document;
  bool duplicate = false;  // the same bytes were there already: `document` is that one, no new job
};
// Adds the document (queued) and its job, in one unit. Takes a permit to write or manage.
//
// A duplicate has the same bytes, collection and external_id (or both none) and has not failed; its
// title and attributes stay as they are. The same external_id with other bytes is a new version:
// the old one's chunks stay searchable (state processing) until finish_document() replaces them.
// Documents that the permit does not cover are as if they were not there: for those it is a new
// document, with an external_id of its own.
Result<Added> add_document(Transaction& tx, const Permit& permit, const NewDocument& document,
                           const AccessAttributes& access, UnixMillis now);
// New title and attributes; a changed label moves the chunks to another compartment.
Result<Document> update_document(Transaction& tx, const Permit& permit, const Document& document,
                                 const AccessAttributes& access, UnixMillis now);
// Removes rows, chunks, vectors and label (when it was the last); the caller removes the blob file
// after the commit when blob_removed.
Result<Erased> remove_document(Transaction& tx, const Permit& permit, const std::string& id);
// True when a document's version names it; for BlobStore::remove_unnamed().
Result<bool> blob_is_named(Snapshot& snapshot, const std::string& sha256);
Result<Document> document(Snapshot& snapshot, const Permit& permit, const std::string& id);
// In the order in which they were added. A collection that is hidden or absent gives no documents.
Result<Listing<Document>> documents(Snapshot& snapshot, const Permit& permit,
                                    const DocumentFilter& filter, const Page& page);
struct DocumentVersion {
  std::int64_t version = 1;
  std::string sha256;
  std::int64_t size_bytes = 0;
  std::string title;
  std::string media_type;
  UnixMillis created_at = 0;
  UnixMillis effective_from = 0;
  std::optional<UnixMillis> effective_until{};
};
// Newest first; those that are not erased.
Result<std::vector<DocumentVersion>> versions(Snapshot& snapshot, const Permit& permit,
                                              const std::string& document_id);

// The newest of those that hold at this moment; not_found, as for no document, when none did.
Result<DocumentVersion> version_at(Snapshot& snapshot, const Permit& permit,
                                   const std::string& document_id, UnixMillis time);
// The one with this number; not_found as for no document.
Result<DocumentVersion> version_numbered(Snapshot& snapshot, const Permit& permit,
                                         const std::string& document_id, std::int64_t version);
// Which version's text a search as of this moment sees: the newest of those that held and have a
// text. not_found, as for no document, when there is none.
Result<std::int64_t> text_version_at(Snapshot& snapshot, const Permit& permit,
                                     const std::string& document_id, UnixMillis time);

// --- chunks ------------------------------------------------------------------------------------
// A `version` of 0 here and below is the one whose text is searched now. Nothing for one whose text
// is not kept.
Result<Listing<Chunk>> chunks(Snapshot& snapshot, const Permit& permit,
                              const std::string& document_id, const Page& page,
                              std::int64_t version = 0);
// The chunks with these ids that exist and that the permit covers, in the order asked for; others
// are left out. conflict when the permit is stale. Without vectors. Those of superseded versions
// count only `with_past`.
Result<std::vector<Chunk>> chunks_by_id(Snapshot& snapshot, const Permit& permit,
                                        std::span<const ChunkId> ids, bool with_past = false);
// Ids of chunks of documents that match, sorted; for filters of a search.
Result<std::vector<ChunkId>> chunk_ids(Snapshot& snapshot, const Permit& permit,
                                       const DocumentFilter& filter);
// The chunks that a search as of this moment sees, sorted: of those documents with these labels
// that match, as they are now, the chunks of text_version_at().
Result<std::vector<ChunkId>> chunk_ids_as_of(Snapshot& snapshot, const Permit& permit,
                                             std::span<const LabelId> labels,
                                             const DocumentFilter& filter, UnixMillis time);
// Code points [start, end) of the extracted text that the chunks are cut from; what lies beyond its
// end is left out. not_found for a document without text yet.
Result<std::string> document_text(Snapshot& snapshot, const Permit& permit, const std::string& id,
                                  std::int64_t char_start, std::int64_t char_end,
                                  std::int64_t version = 0);

// Where the words of this version stand; empty when it has no pages.
Result<std::vector<TextBox>> document_layout(Snapshot& snapshot, const Permit& permit,
                                             const std::string& id, std::int64_t version = 0);

// --- ingest (no permit: the worker acts for the server on what was permitted at upload) ---------
// Replaces the document's chunks by these, keeps its text, marks it ready and its job done.
struct Processed {
  // Which version was read (document_for_ingest() says). When a newer one has been uploaded since,
  // this one's text goes where superseded ones are. 0: the newest, whichever it is.
  std::int64_t version = 0;
  std::string media_type{};
  std::string title{};  // used when the document has none
  std::string text{};   // extracted, UTF-8
  std::int64_t page_count = 0;
  std::vector<TextBox> layout{};  // where the text stands on its pages; empty without pages
  std::vector<Chunk> chunks{};    // in order; ids and ordinals are given here
  std::string embedding_model{};  // empty: no vectors
};
Status finish_document(Transaction& tx, const std::string& document_id, const Processed& processed,
                       UnixMillis now);
// The chunks of an older version stay searchable. `version` as in Processed; of an older one only
// the job fails.
Status fail_document(Transaction& tx, const std::string& document_id, const std::string& error,
                     UnixMillis now, std::int64_t version = 0);
// With the bytes, the type and the title of the version that the job was made for; of the newest
// when none is given.
Result<Document> document_for_ingest(Snapshot& snapshot, const std::string& id,
                                     const std::string& job_id = "");

// --- replay (no permit: chunks go into their own compartment only) -------------------------------
// A compartment has a present and a past, with changes of their own.
// The last commit that changed this one; 0 when none did.
Result<CommitNumber> last_change(Snapshot& snapshot, LabelId label, Era era = Era::present);
// Counts of changes of this compartment's present, whatever happened elsewhere: what a search
// reports.
Result<std::int64_t> change_count(Snapshot& snapshot, std::span<const LabelId> labels);
// In commit order. Ends after `count_max` entries, but never inside a commit. Within a commit a
// remove stands before an add of the same chunks; an index may meet removes of chunks that it never
// had, and adds of chunks that are gone.
Result<std::vector<Change>> changes(Snapshot& snapshot, LabelId label, CommitNumber after,
                                    std::size_t count_max, Era era = Era::present);
struct ChunkRange {
  ChunkId first = 0;
  ChunkId last = 0;
  std::size_t count_max = 0;
};
// Those with ids from `first` to `last` that exist in this compartment now, by id; with the vectors
// that `model` made.
Result<std::vector<Chunk>> chunks_for_index(Snapshot& snapshot, LabelId label,
                                            const ChunkRange& range, const std::string& model,
                                            Era era = Era::present);

}  // namespace wenyuan::store
