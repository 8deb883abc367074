// Asks the embedding model for the vectors of chunks.
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "llm/engine.h"

namespace wenyuan::ingest {

// One for each chunk. Waits for an engine that is down or full until asked to stop.
Result<std::vector<std::vector<float>>> chunk_vectors(llm::Engine& engine, const std::string& model,
                                                      const std::string& title,
                                                      std::span<const Chunk> chunks,
                                                      const std::stop_token& stop);

}  // namespace wenyuan::ingest
