#include "ingest/document_processor.h"

#include <algorithm>
#include <span>

#include "ingest/chunk_vectors.h"
#include "ingest/chunker.h"
#include "ingest/retry.h"
#include "store/content_store.h"

namespace wenyuan::ingest {
namespace {

// The sandbox may lack memory or processes for a moment; when it goes on, the file is given up.
constexpr int kExtractAttemptMax = 5;

}  // namespace

Result<Extracted> DocumentProcessor::extract(const Document& document, std::stop_token stop) const {
  RetryOptions retries;
  retries.attempts_max = kExtractAttemptMax;
  auto extracted = retry(retries, stop, [&]() -> Result<Extracted> {
    WY_TRY(const FileDescriptor file, parts_.blobs->plain_file(document.sha256));
    return parts_.extractor->extract(file.get(), document.media_type, stop);
  });
  if (!extracted && extracted.error().code == ErrorCode::not_found) {
    // Not the document, but its bytes; the path is nobody's business.
    return Error{ErrorCode::corrupt, "the stored file is not there any more"};
  }
  return extracted;
}

Result<std::vector<Chunk>> DocumentProcessor::cut(const std::string& model,
                                                  const Extracted& extracted,
                                                  std::stop_token stop) const {
  const CountTokens by_model = [&](std::span<const std::string> texts) {
    return retry(RetryOptions(), stop, [&] { return parts_.engine->count_tokens(model, texts); });
  };
  const CountTokens by_estimate =
      [](std::span<const std::string> texts) -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> counts;
    for (const std::string& text : texts) counts.push_back(estimated_tokens(text));
    return counts;
  };
  return chunks(extracted, ChunkOptions(), model.empty() ? by_estimate : by_model);
}

Status DocumentProcessor::embed(const std::string& model, const std::string& title,
                                std::vector<Chunk>& chunks, const Report& report,
                                const std::stop_token& stop) const {
  if (model.empty()) return Done{};
  const auto total = static_cast<std::int64_t>(chunks.size());
  const std::size_t batch = std::max<std::size_t>(options_.embed_batch, 1);
  for (std::size_t begin = 0; begin < chunks.size(); begin += batch) {
    if (!report("embed", static_cast<std::int64_t>(begin), total)) {
      return Error{ErrorCode::not_found, "the job is gone"};
    }
    const auto part = std::span(chunks).subspan(begin, std::min(batch, chunks.size() - begin));
    WY_TRY(auto vectors, chunk_vectors(*parts_.engine, model, title, part, stop));
    for (std::size_t i = 0; i < part.size(); ++i) part[i].vector = std::move(vectors[i]);
  }
  return Done{};
}

Status DocumentProcessor::process(const Document& document, const Report& report,
                                  std::stop_token stop) const {
  const Error gone{ErrorCode::not_found, "the job is gone"};
  const std::string model = parts_.indexer->model().name;
  if (!report("extract", 0, 1)) return gone;
  WY_TRY(Extracted extracted, extract(document, stop));
  if (!report("chunk", 0, 1)) return gone;
  store::Processed processed;
  WY_TRY(processed.chunks, cut(model, extracted, stop));
  const std::string& title = document.title.empty() ? extracted.title : document.title;
  WY_RETURN_IF_ERROR(embed(model, title, processed.chunks, report, stop));
  const auto total = static_cast<std::int64_t>(processed.chunks.size());
  if (!report("index", total, total)) return gone;
  processed.version = document.version;
  processed.media_type = extracted.media_type;
  processed.title = extracted.title;
  processed.page_count = extracted.page_count;
  processed.layout = layout_of(extracted);
  processed.text = std::move(extracted.text);
  processed.embedding_model = processed.chunks.empty() ? std::string() : model;
  return retry(RetryOptions(), stop, [&] {
    return parts_.database->write([&](store::Transaction& tx) -> Status {
      return store::finish_document(tx, document.id, processed, parts_.clock->now());
    });
  });
}

}  // namespace wenyuan::ingest
