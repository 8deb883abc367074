-- Content is encrypted: docs/encryption.md says under which keys. There is none yet when this runs;
-- a store with content in the open is refused.

CREATE TABLE wrapped_keys (
  id TEXT NOT NULL PRIMARY KEY,  -- a collection's, or 'store'
  master TEXT NOT NULL,          -- the id of the master key that it is wrapped under
  wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER keys_end_with_their_collection AFTER DELETE ON collections
BEGIN
  DELETE FROM wrapped_keys WHERE id = OLD.id;
END;

-- Erasure secrets of what is erased, until they are overwritten: a moment, or until the next start.
CREATE TABLE secrets_to_destroy (
  number INTEGER PRIMARY KEY
) STRICT;

-- `key_secret` is the number of an erasure secret; with it and the collection's key opens
-- `wrapped_key`, under which all is sealed that is a BLOB below: title, file name, texts, layouts,
-- chunks and vectors. An empty one is an empty text.
ALTER TABLE documents ADD COLUMN key_secret INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN wrapped_key BLOB NOT NULL DEFAULT x'';
ALTER TABLE documents DROP COLUMN title;
ALTER TABLE documents DROP COLUMN file_name;
ALTER TABLE documents ADD COLUMN title BLOB NOT NULL DEFAULT x'';
ALTER TABLE documents ADD COLUMN file_name BLOB NOT NULL DEFAULT x'';

ALTER TABLE document_versions DROP COLUMN title;
ALTER TABLE document_versions ADD COLUMN title BLOB NOT NULL DEFAULT x'';

ALTER TABLE document_texts DROP COLUMN text;
ALTER TABLE document_texts ADD COLUMN text BLOB NOT NULL DEFAULT x'';

-- `content` has the heading paths, the text and the boxes. The vector stays last, so that reading a
-- text need not read it.
ALTER TABLE chunks DROP COLUMN heading_path;
ALTER TABLE chunks DROP COLUMN text;
ALTER TABLE chunks DROP COLUMN boxes;
ALTER TABLE chunks DROP COLUMN vector;
ALTER TABLE chunks ADD COLUMN content BLOB NOT NULL DEFAULT x'';
ALTER TABLE chunks ADD COLUMN vector BLOB;

-- `documents`: the ids of those that the answer names, each between spaces. They take it along.
DROP TABLE idempotency_keys;
CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  documents TEXT NOT NULL,
  body BLOB NOT NULL,
  key_secret INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- Receipts of erasures; they stay. `swept_at` is when derived files, the engine and the write-ahead
-- log had nothing of the document any more.
CREATE TABLE erasures (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  receipt_id TEXT NOT NULL UNIQUE,
  document_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  receipt TEXT NOT NULL,
  first_chunk INTEGER NOT NULL,
  last_chunk INTEGER NOT NULL,
  key_secret INTEGER NOT NULL,
  erased_at INTEGER NOT NULL,
  swept_at INTEGER
) STRICT;
CREATE INDEX erasures_to_sweep ON erasures (number) WHERE swept_at IS NULL;
