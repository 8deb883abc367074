#include <poppler/cpp/poppler-document.h>
#include <poppler/cpp/poppler-global.h>
#include <poppler/cpp/poppler-page.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "base/text.h"
#include "ingest/extract/builder.h"
#include "ingest/extract/formats.h"
#include "ingest/extract/pdf_structure.h"

namespace wenyuan::ingest {
namespace {

constexpr double kFontSizeMin = 1;          // smaller text is there to be found, not to be read
constexpr double kBoxHeightRatioMin = 0.5;  // of the font's size; beyond, the size is not believed
constexpr double kBoxHeightRatioMax = 2.5;

// poppler's own conversion would load a module at run time.
std::u32string code_points(const poppler::ustring& text) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t unit = text[i];
    const bool pair = unit >= 0xD800 && unit <= 0xDBFF && i + 1 < text.size() &&
                      text[i + 1] >= 0xDC00 && text[i + 1] <= 0xDFFF;
    if (pair) {
      result += 0x10000 + ((unit - 0xD800) << 10) + (char32_t{text[++i]} - 0xDC00);
    } else {
      result += unit >= 0xD800 && unit <= 0xDFFF ? char32_t{0xFFFD} : unit;
    }
  }
  return result;
}

std::string to_text(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) append_utf8(result, c);
  return result;
}

bool is_bold(std::string_view font) {
  constexpr std::string_view kMarks[] = {"Bold", "bold", "Black", "Heavy", "Demi", "-Medi", "CMBX"};
  return std::any_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view mark) {
    return font.find(mark) != std::string_view::npos;
  });
}

bool is_right_to_left(char32_t c) {
  return (c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFE);
}

// poppler gives the characters of a word from left to right; numbers stay as they are.
void to_reading_order(std::u32string& word) {
  if (std::none_of(word.begin(), word.end(), is_right_to_left)) return;
  std::reverse(word.begin(), word.end());
  const auto is_digit = [](char32_t c) {
    return (c >= '0' && c <= '9') || (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9);
  };
  for (auto at = word.begin(); at != word.end();) {
    at = std::find_if(at, word.end(), is_digit);
    const auto end = std::find_if_not(at, word.end(), is_digit);
    std::reverse(at, end);
    at = end;
  }
}

// A page as it is shown: poppler turns its text, but not its rectangle.
struct Sheet {
  int number = 0;
  double width = 0;
  double height = 0;

  Box box(const poppler::rectf& rectangle) const {
    const auto part = [](double value, double whole) {
      return static_cast<float>(std::clamp(value / whole, 0.0, 1.0));
    };
    Box box;
    box.page = number;
    box.x0 = part(std::min(rectangle.left(), rectangle.right()), width);
    box.x1 = part(std::max(rectangle.left(), rectangle.right()), width);
    box.y0 = part(std::min(rectangle.top(), rectangle.bottom()), height);
    box.y1 = part(std::max(rectangle.top(), rectangle.bottom()), height);
    return box;
  }
  bool shows(const poppler::rectf& rectangle) const {
    const double x = rectangle.x() + rectangle.width() / 2;
    const double y = rectangle.y() + rectangle.height() / 2;
    return x >= 0 && y >= 0 && x <= width && y <= height;
  }
};

Sheet sheet_of(const poppler::page& page, int number) {
  const poppler::rectf rectangle = page.page_rect(poppler::crop_box);
  const auto orientation = page.orientation();
  const bool turned =
      orientation == poppler::page::landscape || orientation == poppler::page::seascape;
  const double width = std::abs(rectangle.width());
  const double height = std::abs(rectangle.height());
  return {number, turned ? height : width, turned ? width : height};
}

// The text in parts: each CJK character alone, as a quote may begin or end at any of them.
std::vector<Piece> to_pieces(const poppler::text_box& word, std::u32string_view text,
                             const Sheet& sheet) {
  const auto is_alone = [](char32_t c) { return is_cjk(c); };
  if (std::none_of(text.begin(), text.end(), is_alone)) {
    return {{to_text(text), sheet.box(word.bbox()), false}};
  }
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    poppler::rectf rectangle = word.char_bbox(at);
    if (!is_alone(text[at])) {
      for (; end < text.size() && !is_alone(text[end]); ++end) {
        const poppler::rectf next = word.char_bbox(end);
        if (next.width() <= 0) continue;
        rectangle.set_right(std::max(rectangle.right(), next.right()));
        rectangle.set_bottom(std::max(rectangle.bottom(), next.bottom()));
        rectangle.set_top(std::min(rectangle.top(), next.top()));
      }
    }
    const bool empty = rectangle.width() <= 0 && rectangle.height() <= 0;
    pieces.push_back(
        {to_text(text.substr(at, end - at)), sheet.box(empty ? word.bbox() : rectangle), false});
    at = end;
  }
  return pieces;
}

// Turns a rectangle of text with one of poppler's four directions so that it reads to the right.
void turn(PdfWord& word, const poppler::rectf& box, int rotation, const Sheet& sheet) {
  const double left = box.left(), right = box.right(), top = box.top(), bottom = box.bottom();
  switch (rotation) {
    case 1:
      word.x0 = top, word.x1 = bottom, word.y0 = sheet.width - right, word.y1 = sheet.width - left;
      break;
    case 2:
      word.x0 = sheet.width - right, word.x1 = sheet.width - left, word.y0 = sheet.height - bottom,
      word.y1 = sheet.height - top;
      break;
    case 3:
      word.x0 = sheet.height - bottom, word.x1 = sheet.height - top, word.y0 = left,
      word.y1 = right;
      break;
    default: word.x0 = left, word.x1 = right, word.y0 = top, word.y1 = bottom;
  }
}

PdfWord to_word(const poppler::text_box& box, const Sheet& sheet) {
  PdfWord word;
  std::u32string text = code_points(box.text());
  to_reading_order(text);
  word.pieces = to_pieces(box, text, sheet);
  word.text = to_text(text);
  word.space_after = box.has_space_after();
  turn(word, box.bbox(), box.rotation(), sheet);
  // Sizes in files are not always true; a box is.
  const double height = word.y1 - word.y0;
  word.size = height;
  if (box.has_font_info()) {
    const double size = box.get_font_size();
    const bool plausible =
        size > 0 && height / size > kBoxHeightRatioMin && height / size < kBoxHeightRatioMax;
    if (plausible) word.size = size;
    word.bold = is_bold(box.get_font_name());
  }
  return word;
}

PdfPage read_page(const poppler::page& page, int number) {
  const Sheet sheet = sheet_of(page, number);
  PdfPage result;
  result.height = sheet.height;
  if (!(sheet.width > 0) || !(sheet.height > 0)) return result;
  std::array<std::vector<PdfWord>, 4> by_rotation;
  for (const poppler::text_box& box : page.text_list(poppler::page::text_list_include_font)) {
    if (!sheet.shows(box.bbox())) continue;
    PdfWord word = to_word(box, sheet);
    if (word.size < kFontSizeMin || trim(word.text).empty()) continue;
    by_rotation[static_cast<std::size_t>(std::clamp(box.rotation(), 0, 3))].push_back(
        std::move(word));
  }
  // The direction of most words first; the rest is mostly beside it.
  std::array<std::size_t, 4> order = {0, 1, 2, 3};
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return by_rotation[a].size() > by_rotation[b].size();
  });
  for (const std::size_t rotation : order) {
    const bool aside = rotation != order.front();
    const double width = rotation % 2 == 0 ? sheet.width : sheet.height;
    for (PdfParagraph& paragraph : lay_out(std::move(by_rotation[rotation]), width)) {
      paragraph.is_aside = aside;
      result.paragraphs.push_back(std::move(paragraph));
    }
  }
  return result;
}

}  // namespace

Result<Extracted> extract_pdf(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::too_large, "the PDF is larger than 2 GiB"};
  }
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
  if (!document) return Error{ErrorCode::corrupt, "the PDF is damaged"};
  if (document->is_locked()) {
    return Error{ErrorCode::unsupported_media, "the PDF is encrypted and needs a password"};
  }
  const int page_count = document->pages();
  if (page_count <= 0) return Error{ErrorCode::corrupt, "the PDF has no pages"};
  if (page_count > kPageCountMax) {
    return Error{ErrorCode::too_large,
                 "the PDF has more than " + std::to_string(kPageCountMax) + " pages"};
  }
  std::vector<PdfPage> pages;
  for (int at = 0; at < page_count; ++at) {
    const std::unique_ptr<poppler::page> page(document->create_page(at));
    pages.push_back(page ? read_page(*page, at + 1) : PdfPage());
  }
  Builder builder("application/pdf");
  builder.set_page_count(page_count);
  const std::string title = to_text(code_points(document->get_title()));
  if (is_real_title(title)) builder.set_title(title);
  build_pdf(std::move(pages), builder);
  return builder.finish("the PDF has no text layer; OCR is not available yet");
}

}  // namespace wenyuan::ingest
