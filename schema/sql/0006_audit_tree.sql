-- The audit log as a Merkle tree; docs/formats/audit.md says how.

-- Rows that are there are of format 1. Their `hash` is that of the chain they were part of; the
-- server makes their leaves when it next starts. Rows of format 2 have neither address nor hash.
ALTER TABLE audit_records ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit_records ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_records ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
CREATE INDEX audit_records_by_class ON audit_records (class, number);

-- `hashes`: of the complete subtrees that end with this leaf: its own, that of its pair, of its
-- four, …, 32 bytes each. They stay when the record goes.
CREATE TABLE audit_leaves (
  number INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_leaves_stay BEFORE UPDATE ON audit_leaves
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_leaves_last BEFORE DELETE ON audit_leaves
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TABLE audit_checkpoints (
  size INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  note TEXT NOT NULL
) STRICT;

-- The records of one class in one segment of 1,024 numbers that are gone because their time was
-- over. `numbers` has a bit for each; `digest` is in the record `sealed_by` too.
CREATE TABLE audit_retired (
  segment INTEGER NOT NULL,
  class TEXT NOT NULL,
  record_count INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  numbers BLOB NOT NULL,
  digest BLOB NOT NULL,
  sealed_by INTEGER NOT NULL,
  PRIMARY KEY (segment, class)
) STRICT, WITHOUT ROWID;

DROP TRIGGER audit_records_last;
CREATE TRIGGER audit_records_last BEFORE DELETE ON audit_records
WHEN NOT EXISTS (SELECT 1 FROM audit_retired
                 WHERE segment = (OLD.number - 1) / 1024 AND class = OLD.class)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Nothing of the subject is erased or retired while its hold is not released; '' holds everything.
CREATE TABLE audit_holds (
  id TEXT NOT NULL PRIMARY KEY,
  subject_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  released_at INTEGER
) STRICT, WITHOUT ROWID;

-- The keys of the personal texts in records, wrapped under one derived from the store's. NULL: destroyed.
CREATE TABLE audit_subjects (
  subject_id TEXT NOT NULL PRIMARY KEY,
  wrapped BLOB,
  created_at INTEGER NOT NULL,
  erase_asked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_subjects_to_erase ON audit_subjects (erase_asked_at)
  WHERE erase_asked_at IS NOT NULL AND wrapped IS NOT NULL;

-- Whoever removes a user or a document destroys its key in the same transaction. The row is made
-- even when there is no key, so that none is made afterwards.
CREATE TRIGGER audit_keys_end_with_their_user AFTER DELETE ON users
BEGIN
  INSERT INTO audit_subjects (subject_id, wrapped, created_at, erase_asked_at)
  VALUES (OLD.id, NULL, unixepoch() * 1000, unixepoch() * 1000)
  ON CONFLICT (subject_id) DO UPDATE SET
    erase_asked_at = excluded.erase_asked_at,
    wrapped = CASE WHEN EXISTS (SELECT 1 FROM audit_holds WHERE released_at IS NULL
                                AND subject_id IN ('', OLD.id)) THEN wrapped END;
END;
CREATE TRIGGER audit_keys_end_with_their_document AFTER DELETE ON documents
BEGIN
  INSERT INTO audit_subjects (subject_id, wrapped, created_at, erase_asked_at)
  VALUES (OLD.id, NULL, unixepoch() * 1000, unixepoch() * 1000)
  ON CONFLICT (subject_id) DO UPDATE SET
    erase_asked_at = excluded.erase_asked_at,
    wrapped = CASE WHEN EXISTS (SELECT 1 FROM audit_holds WHERE released_at IS NULL
                                AND subject_id IN ('', OLD.id)) THEN wrapped END;
END;
