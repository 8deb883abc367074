-- Roles of an organization's own: named sets of duties. Those that are built in are not here.
CREATE TABLE roles (
  name TEXT NOT NULL PRIMARY KEY,
  description TEXT NOT NULL,
  duties TEXT NOT NULL,  -- sorted, separated by spaces
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_by_role ON user_roles (role);
