-- When a version holds: from its upload, or as given, until a later one does, or as given.

ALTER TABLE document_versions ADD COLUMN effective_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_versions ADD COLUMN effective_until INTEGER;
UPDATE document_versions SET effective_from = created_at;
