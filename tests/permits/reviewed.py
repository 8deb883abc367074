"""What reaches content, or speaks of it, without a permit: each with the reason why that is right,
and with who may use it. Whoever adds a line here says why nobody can be shown by it what they may
not see."""

import dataclasses

INGEST = "src/ingest/"
AUTH = "src/auth/"
APP = "src/app/"


@dataclasses.dataclass(frozen=True)
class Reviewed:
    why: str
    callers: tuple = ()  # files or folders outside its own folder; empty: anybody


NO_CONTENT = "holds and gives no content of documents"
OF_THE_CALLER = "works on what the caller has already"
AT_START = "at the start, before anybody is served"
KEYS = "keys, of which none leaves the server"
OWN_ANSWER = "a user's own answer to a user's own request"
WORKER = "the worker acts for the server on what was permitted at upload"
REPLAY = "chunks go into the index of their own compartment only"
ENGINE_ROOM = "how the database runs, not what is in it; SQL_OUTSIDE_STORE is about that"

# Functions of the headers of src/store and src/index that other folders can include.
FUNCTIONS = {
    # content_store.h
    "store::add_collection": Reviewed("makes an empty one", ("src/api/collection_routes.cc",)),
    "store::collection": Reviewed(
        "name, owner and attributes; the callers have asked visible_collections() or manage",
        (AUTH, "src/api/access.cc", "src/api/collection_routes.cc", "src/api/openai_routes.cc",
         "src/api/chat.cc", "src/api/quota_routes.cc")),
    "store::collections": Reviewed("for decisions about all of them", (AUTH,)),
    "store::labels": Reviewed("for decisions; a search keeps those that its permit covers",
                              (AUTH, INGEST, "src/query/search.cc")),
    "store::use_access_attributes": Reviewed(AT_START, (APP,)),
    "store::set_document_compartment": Reviewed("moves a document, shows nothing", (AUTH,)),
    "store::blob_is_named": Reviewed(AT_START, (APP,)),
    "store::finish_document": Reviewed(
        WORKER + "; of a pack, to a document just added under a permit",
        (INGEST, "src/backup/pack_store.cc")),
    "store::fail_document": Reviewed(WORKER, (INGEST,)),
    "store::document_for_ingest": Reviewed(WORKER + "; auth decides by its label", (INGEST, AUTH)),
    "store::last_change": Reviewed(REPLAY, (INGEST,)),
    "store::change_count": Reviewed("of labels that a permit covers", ("src/query/search.cc",)),
    "store::changes": Reviewed(REPLAY, (INGEST,)),
    "store::chunks_for_index": Reviewed(
        REPLAY + "; into a pack the vectors of a document that a permit has opened",
        (INGEST, "src/backup/pack_store.cc")),
    # late_vectors.h
    "store::unembedded_count": Reviewed("one number of the whole server, for its metrics",
                                        ("src/api/system_routes.cc", INGEST, APP)),
    "store::take_embed_job": Reviewed(WORKER, (INGEST,)),
    "store::has_embed_work": Reviewed(WORKER, (INGEST,)),
    "store::unembedded_chunks": Reviewed(WORKER, (INGEST,)),
    "store::put_vectors": Reviewed(WORKER, (INGEST,)),
    "store::finish_embed_job": Reviewed(WORKER, (INGEST,)),
    "store::fail_embed_job": Reviewed(WORKER, (INGEST,)),
    "store::put_back_embed_job": Reviewed(WORKER, (INGEST,)),
    "store::retry_embedding": Reviewed(WORKER, (INGEST, APP)),
    "store::forget_vectors": Reviewed(WORKER, (INGEST, APP)),
    # job_store.h
    "store::job": Reviewed("visible_job() shows it to who began it or may read its document",
                           ("src/api/job_routes.cc", INGEST)),
    "store::take_job": Reviewed(WORKER, (INGEST,)),
    "store::requeue_running_jobs": Reviewed(WORKER, (INGEST,)),
    "store::report_progress": Reviewed(WORKER, (INGEST,)),
    "store::queued_job_count": Reviewed("one number of the whole server, for its metrics",
                                        ("src/api/system_routes.cc", INGEST)),
    "store::upload_waits": Reviewed(WORKER, (INGEST,)),
    # idempotency_store.h
    "store::find": Reviewed(OWN_ANSWER, ("src/api/once.cc",)),
    "store::remember": Reviewed(OWN_ANSWER, ("src/api/once.cc",)),
    "store::forget_answers": Reviewed("removes, shows nothing", ("nobody outside the store",)),
    # cipher.h, master_key.h, erasure_secrets.h, key_ring.h, key_rotation.h
    **{f"store::{name}": Reviewed(OF_THE_CALLER) for name in (
        "seal", "unseal", "unseal_key", "seal_at", "unseal_at", "derive_key", "wipe", "view")},
    **{f"store::{name}": Reviewed(KEYS) for name in (
        "MasterKey::id", "MasterKey::wrap", "MasterKey::unwrap", "MasterKey::text",
        "parse_master_key_source", "read_master_key", "make_master_key", "next_key_file",
        "former_key_file",
        "ErasureSecrets::open", "ErasureSecrets::take", "ErasureSecrets::secret",
        "ErasureSecrets::is_destroyed", "ErasureSecrets::destroy", "ErasureSecrets::keep_copy",
        "ErasureSecrets::skip_to", "ErasureSecrets::state", "ErasureSecrets::ready",
        "ErasureSecrets::copy_health", "ErasureSecrets::has_copy",
        "SecretFile::open", "SecretFile::make", "SecretFile::path", "SecretFile::end",
        "SecretFile::read", "SecretFile::write", "SecretFile::destroy", "SecretFile::sync",
        "SecretFile::probe", "SecretFile::lock",
        "state_of", "lost_place", "merge_secrets", "bring_secrets", "lost_secret",
        "erase_keyless",
        "Database::unreadable_documents",
        "KeyRing::open", "KeyRing::purpose_key", "KeyRing::wrap", "KeyRing::unwrap",
        "KeyRing::secrets", "KeyRing::made_file", "KeyRing::source", "KeyRing::add",
        "KeyRing::drop_others", "KeyRing::current", "KeyRing::try_begin_rotation",
        "Snapshot::keys", "Database::keys")},
    "store::KeyRing::files": Reviewed("how files are sealed, for those who have them", (APP,)),
    "store::rotate_master_key": Reviewed(KEYS, ("src/api/master_key_routes.cc",)),
    "store::finish_rotation": Reviewed(AT_START, ("nobody outside the store",)),
    # erasure_log.h, erasure_remains.h
    "store::add_erasure": Reviewed("of what a permit to write has just removed",
                                   ("src/api/receipts.cc",)),
    "store::erasure": Reviewed("shown to who erased it, and to those who read the audit log",
                               ("src/api/document_routes.cc", "src/api/receipts.cc", APP)),
    "store::last_unswept": Reviewed(NO_CONTENT, (APP,)),
    "store::unswept": Reviewed("receipts, for the server's own sweep", (APP,)),
    "store::mark_swept": Reviewed(NO_CONTENT, (APP,)),
    "store::erasure_remains": Reviewed("`wenyuan verify-erasure`, on the machine itself", (APP,)),
    "store::places_with_chunks": Reviewed("`wenyuan verify-erasure`, on the machine itself",
                                          (APP,)),
    # consistency.h
    "store::check_consistency": Reviewed(
        "`wenyuan verify` and what has been restored, on the machine itself",
        (APP, "src/backup/replica_finish.cc")),
    # version_retention.h
    "store::version_retention": Reviewed(
        "a setting of a collection that the caller has found visible",
        ("src/api/collection_routes.cc",)),
    "store::has_old_versions": Reviewed(NO_CONTENT, (APP,)),
    "store::drop_old_versions": Reviewed("removes what its collection does not keep", (APP,)),
    "store::drop_keyless_version": Reviewed(AT_START, ("nobody outside the store",)),
    # repair.h, unreadable.h
    "store::repair_rows": Reviewed("`wenyuan repair`, on the machine itself", (APP,)),
    "store::unreadable_documents": Reviewed("ids for `wenyuan repair`, on the machine itself",
                                            (APP,)),
    "store::empty_unopened_names": Reviewed("removes, shows nothing", ("nobody outside the store",)),
    # blob_store.h, blob_removal.h: by the SHA-256 of the whole file, which only a document tells.
    "store::BlobStore::open": Reviewed(AT_START, (APP,)),
    "store::BlobStore::writer": Reviewed("takes bytes in", ("src/api/upload_routes.cc",)),
    "store::BlobStore::put": Reviewed(
        "takes bytes in", ("src/api/upload_routes.cc", "src/api/pack_routes.cc")),
    "store::BlobStore::get": Reviewed(
        "checks every file; originals of documents that a permit has opened",
        (APP, "src/api/pack_routes.cc")),
    "store::BlobStore::path": Reviewed(
        "where it lies, for `wenyuan verify-erasure` and restores",
        (APP, "src/backup/replica_finish.cc")),
    "store::BlobStore::reader": Reviewed(
        "of a document that a permit has opened; a restore asks whether each opens",
        ("src/api/document_routes.cc", "src/backup/replica_finish.cc")),
    "store::BlobStore::check": Reviewed("tells whether a restored file is whole",
                                        ("src/backup/replica_finish.cc",)),
    "store::original_bound": Reviewed(NO_CONTENT, ("src/backup/base_copy.cc",)),
    "store::BlobStore::plain_file": Reviewed("of a document that is being ingested", (INGEST,)),
    "store::BlobStore::remove": Reviewed("removes, shows nothing"),
    "store::BlobStore::remove_unnamed": Reviewed(AT_START, (APP,)),
    "store::BlobStore::Writer::write": Reviewed("takes bytes in"),
    "store::BlobStore::Writer::finish": Reviewed("takes bytes in"),
    "store::remove_blobs": Reviewed("removes, shows nothing", ("src/api/access.cc", "src/app/version_sweep.cc",
                                                                "src/app/erasure_sweep.cc")),
    # database.h, statement.h
    **{f"store::{name}": Reviewed(ENGINE_ROOM) for name in (
        "Snapshot::prepare", "Snapshot::epoch", "Snapshot::commit_number",
        "Snapshot::epoch_is_committed", "Snapshot::copy_to", "Transaction::raise_commit", "Transaction::raise_epoch",
        "Transaction::destroy_secret", "Database::open", "Database::write", "Database::checkpoint", "Database::read",
        "Database::epoch", "Database::last_commit", "Database::observe",
        "WalObserver::committed", "WalObserver::before_checkpoint", "Database::store_id",
        "Statement::bind", "Statement::bind_blob", "Statement::bind_null", "Statement::step",
        "Statement::run", "Statement::reset", "Statement::integer", "Statement::real",
        "Statement::text", "Statement::blob", "Statement::is_null")},
    # digest.h
    "store::DigestWriter::add": Reviewed(OF_THE_CALLER),
    "store::DigestWriter::finish": Reviewed(OF_THE_CALLER),
    "store::hmac_sha256": Reviewed(OF_THE_CALLER),
    # compartments.h
    "index::Compartments::open": Reviewed(AT_START, (APP,)),
    "index::Compartments::model": Reviewed(NO_CONTENT),
    "index::Compartments::use_model": Reviewed(NO_CONTENT, (INGEST,)),
    "index::Compartments::applied": Reviewed(NO_CONTENT, (INGEST,)),
    "index::Compartments::status": Reviewed(NO_CONTENT, (INGEST, APP)),
    "index::Compartments::apply": Reviewed(REPLAY, (INGEST,)),
    "index::Compartments::seal": Reviewed(REPLAY, (INGEST,)),
    "index::Compartments::drop": Reviewed(REPLAY, (INGEST,)),
    "index::Compartments::different": Reviewed("ids, for `wenyuan verify --deep`", (INGEST, APP)),
    "index::Compartments::contents": Reviewed("ids, for `wenyuan verify`", (INGEST, APP)),
    # fusion.h, highlight.h, terms.h
    "index::fuse": Reviewed(OF_THE_CALLER),
    "index::highlights": Reviewed(OF_THE_CALLER),
    "index::terms": Reviewed(OF_THE_CALLER),
}

# Tables that hold content or tell of it.
CONTENT_TABLES = ("documents", "document_versions", "document_texts", "document_layouts", "chunks",
                  "past_texts", "past_layouts", "past_chunks",
                  "changes", "labels", "blobs", "jobs", "idempotency_keys")

# SQL outside src/store that names one: (file, table).
SQL_OUTSIDE_STORE = {
    ("src/backup/base_copy.cc", "blobs"):
        "names of the files that a whole copy of the truth needs, on the machine itself",
    ("src/auth/identity/quotas.cc", "documents"):
        "sums of what a user's collections hold, for the limit of that user",
}
