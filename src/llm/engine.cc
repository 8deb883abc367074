#include "llm/engine.h"

namespace wenyuan::llm {

std::string_view name(ModelKind kind) {
  switch (kind) {
    case ModelKind::generator: return "generator";
    case ModelKind::embedder: return "embedder";
    case ModelKind::reranker: return "reranker";
  }
  return "";
}

}  // namespace wenyuan::llm
