// What must hold between the rows of a store, as queries for what does not.
#pragma once

#include <string_view>

namespace wenyuan::store {

// What makes it right again.
enum class Remedy {
  recount,       // the counts of labels
  ingest_again,  // from the original
  index_again,
  embed_again,
  queue_again,
  ingest_past_again,  // superseded versions, from their originals
};

// A query that gives one row, with a name, for each thing that is wrong.
struct ConsistencyRule {
  std::string_view what;
  std::string_view sql;
  Remedy remedy;
};

inline constexpr ConsistencyRule kConsistencyRules[] = {
    {"a document's chunk count is not the number of its chunks",
     "SELECT id FROM documents d WHERE chunk_count <> "
     "(SELECT COUNT(*) FROM chunks c WHERE c.document = d.number)",
     Remedy::ingest_again},
    {"a document's chunks are not in its range",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.id < d.first_chunk OR c.id > d.last_chunk",
     Remedy::ingest_again},
    {"a document's chunks are not of the version that its text is of",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.version <> d.text_version OR NOT EXISTS (SELECT 1 FROM document_versions v "
     "WHERE v.document = d.number AND v.version = d.text_version)",
     Remedy::ingest_again},
    {"a ready document has no text",
     "SELECT id FROM documents d WHERE state = 'ready' AND chunk_count > 0 AND NOT EXISTS "
     "(SELECT 1 FROM document_texts t WHERE t.document = d.number)",
     Remedy::ingest_again},
    {"a label's document count is wrong",
     "SELECT CAST(id AS TEXT) FROM labels l WHERE document_count <> "
     "(SELECT COUNT(*) FROM documents d WHERE d.label_id = l.id)",
     Remedy::recount},
    {"a document with chunks has no change that adds them",
     "SELECT id FROM documents d WHERE chunk_count > 0 AND NOT EXISTS "
     "(SELECT 1 FROM changes c WHERE c.document_id = d.id AND c.label_id = d.label_id "
     "AND c.added = 1 AND c.past = 0 AND c.first_chunk <= d.first_chunk AND c.last_chunk >= "
     "d.last_chunk)",
     Remedy::index_again},
    {"a chunk lacks its vector",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.vector IS NULL AND d.embedding_model <> ''",
     Remedy::embed_again},
    {"a vector is of no model",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.vector IS NOT NULL AND d.embedding_model = '' AND d.embedding_begun = ''",
     Remedy::embed_again},
    {"a superseded version's chunks are not its range",
     "SELECT DISTINCT d.id FROM document_versions v JOIN documents d ON d.number = v.document "
     "WHERE (SELECT COUNT(*) FROM past_chunks c WHERE c.document = v.document "
     "AND c.version = v.version AND c.id BETWEEN v.first_chunk AND v.last_chunk) <> "
     "CASE WHEN v.first_chunk = 0 THEN 0 ELSE v.last_chunk - v.first_chunk + 1 END",
     Remedy::ingest_past_again},
    {"a chunk of the past is of no superseded version",
     "SELECT DISTINCT d.id FROM past_chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.version = d.text_version OR NOT EXISTS (SELECT 1 FROM document_versions v "
     "WHERE v.document = c.document AND v.version = c.version AND v.text_size IS NOT NULL "
     "AND c.id BETWEEN v.first_chunk AND v.last_chunk)",
     Remedy::ingest_past_again},
    {"a superseded version has no text",
     "SELECT DISTINCT d.id FROM document_versions v JOIN documents d ON d.number = v.document "
     "WHERE v.text_size > 0 AND NOT EXISTS (SELECT 1 FROM past_texts t "
     "WHERE t.document = v.document AND t.version = v.version)",
     Remedy::ingest_past_again},
    {"a superseded version has no change that adds it",
     "SELECT DISTINCT d.id FROM document_versions v JOIN documents d ON d.number = v.document "
     "WHERE v.first_chunk > 0 AND NOT EXISTS (SELECT 1 FROM changes c "
     "WHERE c.document_id = d.id AND c.label_id = d.label_id AND c.added = 1 AND c.past = 1 "
     "AND c.first_chunk = v.first_chunk AND c.last_chunk = v.last_chunk)",
     Remedy::ingest_past_again},
    {"a superseded version has vectors of no model, or lacks some",
     "SELECT DISTINCT d.id FROM past_chunks c JOIN documents d ON d.number = c.document "
     "JOIN document_versions v ON v.document = c.document AND v.version = c.version "
     "WHERE (c.vector IS NULL) <> (v.embedding_model = '')",
     Remedy::ingest_past_again},
    {"a queued document has no open job",
     "SELECT id FROM documents d WHERE state IN ('queued', 'processing') AND NOT EXISTS "
     "(SELECT 1 FROM jobs j WHERE j.id = d.job_id AND j.state IN ('queued', 'running'))",
     Remedy::queue_again},
};

}  // namespace wenyuan::store
