-- Collections, documents and everything that hangs on them; commits, jobs and store-wide facts.

-- Facts about this store, written once or by opening and closing it: store_id, cursor_key, clean.
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('epoch', 1), ('commit', 0);

CREATE TABLE commits (
  number INTEGER PRIMARY KEY,
  time INTEGER NOT NULL
) STRICT;

CREATE TABLE collections (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('personal', 'organization')),
  owner_id TEXT NOT NULL,
  attributes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- One row for each compartment that holds at least one document. Ids are never used again, so that
-- files of a removed compartment cannot be mistaken for those of a new one.
CREATE TABLE labels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id TEXT NOT NULL REFERENCES collections (id),
  attributes TEXT NOT NULL,
  document_id TEXT NOT NULL,  -- '' unless the document has grants of its own
  document_count INTEGER NOT NULL,
  change_count INTEGER NOT NULL,
  last_change INTEGER NOT NULL,
  created_commit INTEGER NOT NULL,
  UNIQUE (collection_id, attributes, document_id)
) STRICT;

CREATE TABLE blobs (
  sha256 TEXT NOT NULL PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `version` is the newest one uploaded; chunks and text are those of `text_version`, which is older
-- while the newest is waiting or has failed, and 0 when there is none yet.
CREATE TABLE documents (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  collection_id TEXT NOT NULL REFERENCES collections (id),
  label_id INTEGER NOT NULL REFERENCES labels (id),
  own_label INTEGER NOT NULL,
  title TEXT NOT NULL,      -- '' until one is given or found
  file_name TEXT NOT NULL,  -- of the upload; '' when it had none
  external_id TEXT NOT NULL,
  media_type TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES blobs (sha256),
  size_bytes INTEGER NOT NULL,
  version INTEGER NOT NULL,
  text_version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'processing', 'ready', 'failed')),
  error TEXT NOT NULL,
  job_id TEXT NOT NULL,
  attributes TEXT NOT NULL,
  chunk_count INTEGER NOT NULL,
  first_chunk INTEGER NOT NULL,  -- 0 when there are none
  last_chunk INTEGER NOT NULL,
  text_size INTEGER NOT NULL,    -- code points
  page_count INTEGER NOT NULL,
  embedding_model TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_by_collection ON documents (collection_id, number);
CREATE INDEX documents_by_label ON documents (label_id, number);
CREATE INDEX documents_by_external_id ON documents (collection_id, external_id)
  WHERE external_id <> '';
CREATE INDEX documents_by_sha256 ON documents (sha256);

CREATE TABLE document_versions (
  document INTEGER NOT NULL REFERENCES documents (number),
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL REFERENCES blobs (sha256),
  size_bytes INTEGER NOT NULL,
  title TEXT NOT NULL,
  media_type TEXT NOT NULL,
  job_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (document, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_versions_by_sha256 ON document_versions (sha256);

-- The extracted text, cut every 4096 code points so that a quote reads only the pieces it stands in.
CREATE TABLE document_texts (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents (number),
  piece INTEGER NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (document, piece)
) STRICT;

-- Where the words of the text stand on its pages (base/layout.h); only documents with pages have one.
CREATE TABLE document_layouts (
  document INTEGER PRIMARY KEY REFERENCES documents (number),
  layout BLOB NOT NULL
) STRICT;

-- Ids are never used again: an index that still holds a removed chunk can only miss, never show
-- another document's.
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents (number),
  ordinal INTEGER NOT NULL,
  version INTEGER NOT NULL,
  page INTEGER NOT NULL,
  char_start INTEGER NOT NULL,
  char_end INTEGER NOT NULL,
  heading_path BLOB NOT NULL,
  text TEXT NOT NULL,
  boxes BLOB NOT NULL,
  vector BLOB,  -- float16, of unit length; last, so that reading a text need not read it
  UNIQUE (document, ordinal)
) STRICT;

-- What derived indexes replay. A remove makes earlier adds of the same document needless, so they
-- are dropped then; removes stay.
CREATE TABLE changes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  commit_number INTEGER NOT NULL REFERENCES commits (number),
  label_id INTEGER NOT NULL REFERENCES labels (id),
  added INTEGER NOT NULL,
  document_id TEXT NOT NULL,
  first_chunk INTEGER NOT NULL,
  last_chunk INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_label ON changes (label_id, commit_number, number);
CREATE INDEX changes_by_document ON changes (document_id, label_id);

CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  document_id TEXT NOT NULL REFERENCES documents (id),
  user_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  stage TEXT NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_document ON jobs (document_id);

-- Answers already given, so that a request that is sent again is not done again.
CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
