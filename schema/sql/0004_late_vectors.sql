-- Vectors that are made after their documents, because there was no embedding model yet or another.

-- `embedding_model` made the vectors of all chunks; '' when none did. `embedding_begun` is making
-- them: chunks that have a vector have it from that model.
ALTER TABLE documents ADD COLUMN embedding_begun TEXT NOT NULL DEFAULT '';
-- 1 when that has failed since the last start.
ALTER TABLE documents ADD COLUMN embedding_failed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX documents_by_embedding_model ON documents (embedding_model, number)
  WHERE chunk_count > 0;
