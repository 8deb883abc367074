-- Sessions that end when the provider that vouched for them says so.
ALTER TABLE sessions ADD COLUMN provider_session TEXT NOT NULL DEFAULT '';  -- "sid"; may be empty
CREATE INDEX sessions_by_provider ON sessions (method, provider_session);

ALTER TABLE sign_in_codes ADD COLUMN provider_session TEXT NOT NULL DEFAULT '';

-- Logout tokens that were taken, for as long as they could come again.
CREATE TABLE logout_tokens (
  mac BLOB NOT NULL PRIMARY KEY,  -- of the provider and the token's jti
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_tokens_by_end ON logout_tokens (expires_at);
