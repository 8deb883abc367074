-- Who there is, what keys they hold, and what they may do.

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,  -- lower case, so that Ann and ann are one
  display_name TEXT NOT NULL,
  email TEXT NOT NULL,
  attributes TEXT NOT NULL,
  disabled INTEGER NOT NULL,
  password TEXT,  -- Argon2id as a PHC string; NULL: no sign-in by password
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_roles (
  user_id TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL,
  PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_groups (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A member is a user today; groups inside groups would stand in the same column, so it does not
-- refer to one table.
CREATE TABLE group_members (
  group_id TEXT NOT NULL REFERENCES user_groups (id),
  member_id TEXT NOT NULL,
  PRIMARY KEY (group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_member ON group_members (member_id, group_id);

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  mac BLOB NOT NULL UNIQUE,  -- HMAC-SHA256 of the key; the key itself is kept nowhere
  scopes TEXT NOT NULL,      -- sorted, separated by spaces
  expires_at INTEGER,
  last_used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at);

CREATE TABLE grants (
  id TEXT NOT NULL PRIMARY KEY,
  principal_id TEXT NOT NULL,  -- a user or a group
  role TEXT NOT NULL CHECK (role IN ('reader', 'editor', 'owner')),
  resource_id TEXT NOT NULL,   -- a collection or a document
  created_at INTEGER NOT NULL,
  UNIQUE (principal_id, role, resource_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_resource ON grants (resource_id);

-- What is gone takes its grants along, whoever removes it.
CREATE TRIGGER grants_end_with_their_document AFTER DELETE ON documents
BEGIN
  DELETE FROM grants WHERE resource_id = OLD.id;
END;
CREATE TRIGGER grants_end_with_their_collection AFTER DELETE ON collections
BEGIN
  DELETE FROM grants WHERE resource_id = OLD.id;
END;

CREATE TABLE policies (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  description TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every version that was ever in force; they stay when the policy goes.
CREATE TABLE policy_versions (
  policy_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (policy_id, version)
) STRICT, WITHOUT ROWID;
