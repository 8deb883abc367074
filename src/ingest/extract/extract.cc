#include "ingest/extract/extract.h"

#include <iconv.h>

#include "base/text.h"
#include "ingest/extract/charset.h"
#include "ingest/extract/detect.h"
#include "ingest/extract/formats.h"

namespace wenyuan::ingest {
namespace {

// The type alone: "text/html; charset=x" is "text/html".
std::string bare_type(std::string_view declared) {
  return to_lower_ascii(trim(declared.substr(0, declared.find(';'))));
}

std::string charset_parameter(std::string_view declared) {
  const std::size_t parameters = declared.find(';');
  if (parameters == std::string_view::npos) return {};
  return declared_charset(declared.substr(parameters));
}

Result<Extracted> extract_plain(std::string_view bytes, std::string_view declared) {
  WY_TRY(const std::string text, to_utf8(bytes, charset_parameter(declared)));
  const std::string type = bare_type(declared);
  if (looks_like_markdown(text, type)) return extract_markdown(text);
  return extract_text(text, type == "text/csv" || type == "text/tab-separated-values");
}

}  // namespace

Result<Extracted> extract(std::string_view bytes, std::string_view declared_type) {
  WY_TRY(FileKind kind, detect(bytes));
  // Many Markdown files begin with a few HTML tags.
  const std::string type = bare_type(declared_type);
  if (kind == FileKind::html && looks_like_markdown({}, type)) kind = FileKind::text;
  switch (kind) {
    case FileKind::pdf: return extract_pdf(bytes);
    case FileKind::docx: return extract_docx(bytes);
    case FileKind::text: return extract_plain(bytes, declared_type);
    case FileKind::html: {
      std::string charset = charset_parameter(declared_type);
      if (charset.empty()) charset = declared_charset(bytes);
      WY_TRY(const std::string text, to_utf8(bytes, charset));
      return extract_html(text);
    }
  }
  return Error{ErrorCode::internal, "a kind of file without a reader"};
}

void load_modules() {
  // poppler converts by iconv, whose converters are libraries that are loaded on first use. They
  // stay as long as one conversion is open, so this one is never closed.
  [[maybe_unused]] static const iconv_t kOpen[] = {::iconv_open("UTF-8", "UTF-16"),
                                                   ::iconv_open("UTF-16", "UTF-8")};
}

}  // namespace wenyuan::ingest
