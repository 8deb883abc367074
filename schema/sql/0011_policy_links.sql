-- Policies with open slots, and what fills them.

-- "principal", "resource", "principal resource"; '' for a policy that decides as it stands.
ALTER TABLE policies ADD COLUMN slots TEXT NOT NULL DEFAULT '';
ALTER TABLE policy_versions ADD COLUMN slots TEXT NOT NULL DEFAULT '';

-- One policy each, made of a template. '' stands for a slot that the template does not have.
CREATE TABLE policy_links (
  id TEXT NOT NULL PRIMARY KEY,
  policy_id TEXT NOT NULL REFERENCES policies (id),
  principal_type TEXT NOT NULL CHECK (principal_type IN ('', 'User', 'Group', 'Role')),
  principal_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,  -- of a collection
  created_at INTEGER NOT NULL,
  UNIQUE (policy_id, principal_type, principal_id, resource_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_links_by_principal ON policy_links (principal_id);
CREATE INDEX policy_links_by_resource ON policy_links (resource_id);

-- Who or what is gone takes its links along, whoever removes it.
CREATE TRIGGER policy_links_end_with_their_user AFTER DELETE ON users
BEGIN
  DELETE FROM policy_links WHERE principal_id = OLD.id AND principal_type = 'User';
END;
CREATE TRIGGER policy_links_end_with_their_group AFTER DELETE ON user_groups
BEGIN
  DELETE FROM policy_links WHERE principal_id = OLD.id AND principal_type = 'Group';
END;
CREATE TRIGGER policy_links_end_with_their_role AFTER DELETE ON roles
BEGIN
  DELETE FROM policy_links WHERE principal_id = OLD.name AND principal_type = 'Role';
END;
CREATE TRIGGER policy_links_end_with_their_collection AFTER DELETE ON collections
BEGIN
  DELETE FROM policy_links WHERE resource_id = OLD.id;
END;
