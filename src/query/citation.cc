#include "query/citation.h"

namespace wenyuan::query {

Result<const std::vector<TextBox>*> CitationMaker::layout(const Chunk& chunk) {
  const std::pair<std::string, std::int64_t> place(chunk.document_id, chunk.location.version);
  const auto known = layouts_.find(place);
  if (known != layouts_.end()) return &known->second;
  WY_TRY(std::vector<TextBox> boxes, database_.read([&](store::Snapshot& snapshot) {
    return store::document_layout(snapshot, permit_, chunk.document_id, chunk.location.version);
  }));
  return &layouts_.emplace(place, std::move(boxes)).first->second;
}

Result<Citation> CitationMaker::cite(const Sentence& sentence, int marker) {
  const Chunk& chunk = passages_.at(sentence.passage).chunk;
  Citation citation;
  citation.marker = marker;
  citation.document_id = chunk.document_id;
  citation.chunk_id = chunk_wire_id(chunk);
  citation.title = chunk.title;
  citation.quote = sentence.text;
  citation.location = chunk.location;
  citation.location.heading_path = heading_path_at(chunk, sentence.char_start);
  citation.location.char_start = chunk.location.char_start + sentence.char_start;
  citation.location.char_end = chunk.location.char_start + sentence.char_end;
  WY_TRY(const std::string stored, database_.read([&](store::Snapshot& snapshot) {
    return store::document_text(snapshot, permit_, chunk.document_id, citation.location.char_start,
                                citation.location.char_end, chunk.location.version);
  }));
  if (stored != citation.quote) {
    return Error{ErrorCode::corrupt, "a quote is not what the document says"};
  }
  citation.verified = true;
  WY_TRY(const std::vector<TextBox>* boxes, layout(chunk));
  citation.location.boxes =
      boxes_of(*boxes, citation.location.char_start, citation.location.char_end);
  if (!citation.location.boxes.empty()) citation.location.page = citation.location.boxes[0].page;
  return citation;
}

}  // namespace wenyuan::query
