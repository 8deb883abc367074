-- The audit log; docs/formats/audit.md says how `hash` is made.

CREATE TABLE audit_records (
  number INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('allowed', 'refused', 'failed')),
  actor_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  object_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  address TEXT NOT NULL,
  details TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_records_by_actor ON audit_records (actor_id, number);
CREATE INDEX audit_records_by_action ON audit_records (action, number);
CREATE INDEX audit_records_by_object ON audit_records (object_id, number);

-- Not protection against an intruder (the hashes are), but against our own mistakes.
CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_records_last BEFORE DELETE ON audit_records
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
