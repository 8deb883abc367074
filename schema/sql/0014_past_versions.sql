-- Texts of superseded versions are kept beside those of now, and searched as of the time when they
-- held. How long is a setting of the collection.

-- A version's texts are sealed under a key that is made from the document's and from an erasure
-- secret of the version's own, so that it can be erased alone; 0: under the document's.
ALTER TABLE document_versions ADD COLUMN key_secret INTEGER NOT NULL DEFAULT 0;
-- Of a superseded version: code points of the text that is kept of it; NULL when none is, or when
-- it is the one of now. Its chunks, their range (0: none), and what made all their vectors.
ALTER TABLE document_versions ADD COLUMN text_size INTEGER;
ALTER TABLE document_versions ADD COLUMN first_chunk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_versions ADD COLUMN last_chunk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_versions ADD COLUMN embedding_model TEXT NOT NULL DEFAULT '';

-- Like the tables without past_ in their names. A chunk keeps its id when its version is
-- superseded; ids of both tables are of one sequence.
CREATE TABLE past_chunks (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents (number),
  version INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  page INTEGER NOT NULL,
  char_start INTEGER NOT NULL,
  char_end INTEGER NOT NULL,
  content BLOB NOT NULL,
  vector BLOB,
  UNIQUE (document, version, ordinal)
) STRICT;

CREATE TABLE past_texts (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents (number),
  version INTEGER NOT NULL,
  piece INTEGER NOT NULL,
  text BLOB NOT NULL,
  UNIQUE (document, version, piece)
) STRICT;

CREATE TABLE past_layouts (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents (number),
  version INTEGER NOT NULL,
  layout BLOB NOT NULL,
  UNIQUE (document, version)
) STRICT;

-- 1: of the compartment's past.
ALTER TABLE changes ADD COLUMN past INTEGER NOT NULL DEFAULT 0;
ALTER TABLE labels ADD COLUMN last_past_change INTEGER NOT NULL DEFAULT 0;

-- The ranges of chunks of superseded versions, each first and last, as a JSON array of numbers.
ALTER TABLE erasures ADD COLUMN past_chunks TEXT NOT NULL DEFAULT '[]';

-- How many superseded versions stay, and for how long (milliseconds) after they were superseded;
-- NULL: all, for ever.
ALTER TABLE collections ADD COLUMN versions_kept INTEGER;
ALTER TABLE collections ADD COLUMN versions_kept_for INTEGER;
