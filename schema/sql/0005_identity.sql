-- Sessions, second factors, sign-in from elsewhere, and credentials that sign requests.

-- What the server is told at its start and rows depend on.
CREATE TABLE identity_settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Roles (separated by spaces) whose sessions may administer only with a second factor.
INSERT INTO identity_settings (name, value) VALUES ('second_factor_roles', 'admin');

CREATE TABLE sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  method TEXT NOT NULL,  -- password, or the provider that vouched: oidc:corp
  second_factor INTEGER NOT NULL,
  address TEXT NOT NULL,
  client TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  refreshed_at INTEGER NOT NULL,
  idle_expires_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (idle_expires_at);

-- Refresh tokens that were exchanged stay as long as their session: one that comes back was stolen.
CREATE TABLE session_tokens (
  mac BLOB NOT NULL PRIMARY KEY,  -- HMAC-SHA256 of the token; the token itself is kept nowhere
  session_id TEXT NOT NULL REFERENCES sessions (id),
  kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
  exchanged INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_tokens_by_session ON session_tokens (session_id, kind);

CREATE TRIGGER tokens_end_with_their_session BEFORE DELETE ON sessions
BEGIN
  DELETE FROM session_tokens WHERE session_id = OLD.id;
END;

-- `who` is a MAC of the name, or of the name and the address: names that do not exist are counted
-- like those that do, and what was typed into the wrong field is not kept.
CREATE TABLE sign_in_failures (
  who BLOB NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

CREATE TABLE totp_secrets (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  sealed BLOB NOT NULL,        -- AES-256-GCM under a key derived from the store's
  algorithm TEXT NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256')),
  confirmed INTEGER NOT NULL,  -- 0 until the first code was shown to us
  last_step INTEGER NOT NULL,  -- of the last code that was taken: each is taken once
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id),
  mac BLOB NOT NULL,
  PRIMARY KEY (user_id, mac)
) STRICT, WITHOUT ROWID;

-- Who somebody is at a provider: its name for them never changes, unlike name and address.
CREATE TABLE external_identities (
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  PRIMARY KEY (provider, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_identities_by_user ON external_identities (user_id);

-- Sign-ins that were sent to a provider and are not back yet. Each comes back once.
CREATE TABLE pending_sign_ins (
  state_mac BLOB NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  browser_mac BLOB NOT NULL,
  sealed BLOB NOT NULL,  -- nonce and PKCE verifier
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_sign_ins_by_end ON pending_sign_ins (expires_at);

-- Sign-ins that are back and whose tokens the page has not fetched yet.
CREATE TABLE sign_in_codes (
  code_mac BLOB NOT NULL PRIMARY KEY,
  browser_mac BLOB NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  method TEXT NOT NULL,
  second_factor INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_codes_by_end ON sign_in_codes (expires_at);

-- Keys under which requests are signed.
CREATE TABLE request_credentials (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,      -- ed25519, ecdsa-p256-sha256, rsa-pss-sha512, hmac-sha256
  material BLOB NOT NULL,  -- a public key (DER), or a sealed secret
  scopes TEXT NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_credentials_by_user ON request_credentials (user_id, created_at);

-- Nonces of signed requests that could still be sent again.
CREATE TABLE request_nonces (
  credential_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (credential_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_nonces_by_end ON request_nonces (expires_at);

CREATE TRIGGER credentials_end_with_their_user BEFORE DELETE ON users
BEGIN
  DELETE FROM sessions WHERE user_id = OLD.id;
  DELETE FROM totp_secrets WHERE user_id = OLD.id;
  DELETE FROM recovery_codes WHERE user_id = OLD.id;
  DELETE FROM external_identities WHERE user_id = OLD.id;
  DELETE FROM sign_in_codes WHERE user_id = OLD.id;
  DELETE FROM request_credentials WHERE user_id = OLD.id;
END;

-- Buckets of tokens as they were at the last save, so that a restart does not fill them all.
CREATE TABLE rate_buckets (
  who TEXT NOT NULL PRIMARY KEY,
  tokens REAL NOT NULL,
  saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How much a user or a collection may hold, and ask. A missing number is no limit.
CREATE TABLE quotas (
  subject_id TEXT NOT NULL PRIMARY KEY,  -- usr_, col_, or '*' for every user without a row
  storage_bytes INTEGER,
  documents INTEGER,
  questions_per_day INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE question_counts (
  subject_id TEXT NOT NULL,
  day INTEGER NOT NULL,  -- days since 1970 in UTC
  questions INTEGER NOT NULL,
  PRIMARY KEY (subject_id, day)
) STRICT, WITHOUT ROWID;
