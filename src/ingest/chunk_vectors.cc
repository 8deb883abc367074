#include "ingest/chunk_vectors.h"

#include "ingest/chunker.h"
#include "ingest/retry.h"

namespace wenyuan::ingest {

Result<std::vector<std::vector<float>>> chunk_vectors(llm::Engine& engine, const std::string& model,
                                                      const std::string& title,
                                                      std::span<const Chunk> chunks,
                                                      const std::stop_token& stop) {
  std::vector<std::string> texts;
  for (const Chunk& chunk : chunks) texts.push_back(embedding_text(title, chunk));
  WY_TRY(auto vectors, retry(RetryOptions(), stop, [&] {
           return engine.embed(model, texts, llm::EmbedKind::passage, stop);
         }));
  if (vectors.size() != texts.size()) {
    return Error{ErrorCode::internal, "the model gave vectors for other texts"};
  }
  return vectors;
}

}  // namespace wenyuan::ingest
