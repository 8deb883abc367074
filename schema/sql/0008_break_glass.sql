-- Break-glass: reading somebody's personal collections, by two people and for a time. Nothing here
-- refers to users: it outlives them. What was said once stays as it was.
CREATE TABLE break_glass (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner_id TEXT NOT NULL,
  collection_id TEXT NOT NULL,  -- '' for all of them
  reason TEXT NOT NULL,
  duration_ms INTEGER NOT NULL CHECK (duration_ms BETWEEN 60000 AND 86400000),
  requester_id TEXT NOT NULL,
  requester_name TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  approver_id TEXT NOT NULL DEFAULT '',
  approver_name TEXT NOT NULL DEFAULT '',
  approved_at INTEGER,
  expires_at INTEGER,
  ended_at INTEGER,
  ended_by TEXT NOT NULL DEFAULT '',
  CHECK (requester_id <> owner_id AND requester_id <> approver_id AND approver_id <> owner_id),
  CHECK ((approved_at IS NULL) = (approver_id = '')),
  CHECK (expires_at IS NULL OR expires_at = approved_at + duration_ms)
) STRICT;
CREATE INDEX break_glass_by_owner ON break_glass (owner_id, number);
CREATE INDEX break_glass_by_requester ON break_glass (requester_id, number);

-- Each request that was made under it, written before anything was read.
CREATE TABLE break_glass_reads (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  access_id TEXT NOT NULL REFERENCES break_glass (id),
  at INTEGER NOT NULL,
  request TEXT NOT NULL,
  object_id TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
CREATE INDEX break_glass_reads_by_access ON break_glass_reads (access_id, number);

CREATE TRIGGER break_glass_stays BEFORE DELETE ON break_glass
BEGIN
  SELECT RAISE(ABORT, 'what was asked for stays on record');
END;
CREATE TRIGGER break_glass_is_not_rewritten BEFORE UPDATE ON break_glass
WHEN OLD.id <> NEW.id OR OLD.owner_id <> NEW.owner_id OR OLD.collection_id <> NEW.collection_id
  OR OLD.reason <> NEW.reason OR OLD.duration_ms <> NEW.duration_ms
  OR OLD.requester_id <> NEW.requester_id OR OLD.requester_name <> NEW.requester_name
  OR OLD.requested_at <> NEW.requested_at
  OR (OLD.approved_at IS NOT NULL
      AND (OLD.approver_id <> NEW.approver_id OR OLD.approver_name <> NEW.approver_name
           OR OLD.approved_at IS NOT NEW.approved_at OR OLD.expires_at IS NOT NEW.expires_at))
  OR (OLD.ended_at IS NOT NULL
      AND (OLD.ended_at IS NOT NEW.ended_at OR OLD.ended_by <> NEW.ended_by))
BEGIN
  SELECT RAISE(ABORT, 'what was asked for stays on record');
END;
CREATE TRIGGER break_glass_reads_stay BEFORE DELETE ON break_glass_reads
BEGIN
  SELECT RAISE(ABORT, 'what was read stays on record');
END;
CREATE TRIGGER break_glass_reads_are_not_rewritten BEFORE UPDATE ON break_glass_reads
BEGIN
  SELECT RAISE(ABORT, 'what was read stays on record');
END;
