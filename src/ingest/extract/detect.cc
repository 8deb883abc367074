#include "ingest/extract/detect.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "ingest/extract/zip_archive.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kHeadSize = 1024;

struct Known {
  std::string_view magic;
  std::string_view name;
};

constexpr Known kUnreadable[] = {
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
     "an old or encrypted Office file or an Outlook message; save it as .docx without a password"},
    {"{\\rtf", "Rich Text (RTF); save it as .docx"},
    {"\x89PNG", "a PNG image; OCR is not available yet"},
    {"\xFF\xD8\xFF", "a JPEG image; OCR is not available yet"},
    {"GIF8", "a GIF image"},
    {std::string_view("II*\0", 4), "a TIFF image; OCR is not available yet"},
    {std::string_view("MM\0*", 4), "a TIFF image; OCR is not available yet"},
    {"\x1F\x8B", "a gzip archive"},
    {"BZh", "a bzip2 archive"},
    {"\xFD"
     "7zXZ",
     "an xz archive"},
    {"7z\xBC\xAF", "a 7-Zip archive"},
    {"Rar!", "a RAR archive"},
    {"\x7F"
     "ELF",
     "a program"},
    {"MZ\x90", "a program"},
    {"SQLite format 3", "an SQLite database"},
    {"%!PS", "PostScript"},
    {"OggS", "an audio or video file"},
    {"ID3", "an audio file"}};

constexpr std::string_view kHtmlTags[] = {
    "<!doctype html", "<html",    "<head",   "<body", "<title", "<meta", "<div",
    "<table",         "<script",  "<style",  "<p>",   "<p ",    "<h1",   "<h2",
    "<span",          "<a ",      "<br",     "<ul",   "<ol",    "<main", "<link",
    "<header",        "<article", "<section"};

Error unreadable(std::string_view what) {
  return Error{ErrorCode::unsupported_media, "the file is " + std::string(what)};
}

Result<FileKind> detect_zip(std::string_view bytes) {
  WY_TRY(ZipArchive archive, ZipArchive::open(bytes));
  if (archive.has("[Content_Types].xml")) {
    WY_TRY(const std::string types, archive.read("[Content_Types].xml"));
    if (types.find("wordprocessingml") != std::string::npos) return FileKind::docx;
    if (types.find("spreadsheetml") != std::string::npos || archive.has("xl/workbook.xml")) {
      return unreadable("an Excel workbook, which cannot be read yet");
    }
    if (types.find("presentationml") != std::string::npos) {
      return unreadable("a PowerPoint presentation, which cannot be read yet");
    }
  }
  if (archive.has("word/document.xml")) return FileKind::docx;
  if (archive.has("mimetype")) {
    WY_TRY(const std::string type, archive.read("mimetype"));
    if (type.starts_with("application/vnd.oasis")) {
      return unreadable("an OpenDocument file, which cannot be read yet");
    }
    if (type.starts_with("application/epub")) {
      return unreadable("an EPUB book, which cannot be read yet");
    }
  }
  return unreadable("a zip archive");
}

// A tag that only HTML begins with, after comments and the like. In UTF-16 every other byte is
// zero; they are skipped, for this look only.
bool looks_like_html(std::string_view bytes) {
  std::string head;
  for (const char c : bytes.substr(0, 4 * kHeadSize)) {
    if (c != '\0') head += c;
  }
  head = to_lower_ascii(head);
  std::size_t at = 0;
  if (head.starts_with("\xEF\xBB\xBF")) at = 3;
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) at = 2;
  for (;;) {
    at = head.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos) return false;
    const std::string_view rest = std::string_view(head).substr(at);
    const bool comment = rest.starts_with("<!--");
    if (!comment && !rest.starts_with("<?xml")) {
      return std::any_of(std::begin(kHtmlTags), std::end(kHtmlTags),
                         [&](std::string_view tag) { return rest.starts_with(tag); });
    }
    const std::size_t end = head.find(comment ? "-->" : "?>", at);
    // A comment that goes on beyond what we look at: HTML is the one kind that has it there.
    if (end == std::string::npos) return comment;
    at = end + (comment ? 3 : 2);
  }
}

}  // namespace

Result<FileKind> detect(std::string_view bytes) {
  if (bytes.empty()) return Error{ErrorCode::unsupported_media, "the file is empty"};
  // Real PDFs have junk before their first line now and then; so readers look a little further.
  const std::size_t pdf = bytes.substr(0, kHeadSize).find("%PDF-");
  if (pdf == 0) return FileKind::pdf;
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06")) return detect_zip(bytes);
  for (const Known& known : kUnreadable) {
    if (bytes.starts_with(known.magic)) return unreadable(known.name);
  }
  if (looks_like_html(bytes)) return FileKind::html;
  if (pdf != std::string_view::npos) return FileKind::pdf;
  return FileKind::text;
}

bool looks_like_markdown(std::string_view text, std::string_view declared_type) {
  if (declared_type == "text/markdown" || declared_type == "text/x-markdown") return true;
  const bool undeclared = declared_type.empty() || declared_type == "text/plain" ||
                          declared_type == "application/octet-stream";
  if (!undeclared || text.starts_with("#!")) return false;
  std::size_t headings = 0;
  std::size_t signs = 0;
  std::size_t line_count = 0;
  for (const std::string_view line : split(text.substr(0, 64 * 1024), '\n')) {
    if (!trim(line).empty()) ++line_count;
    const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
    if (level >= 1 && level <= 6 && level < line.size() && line[level] == ' ') ++headings;
    if (line.starts_with("```")) ++signs;
    if (line.find("](") != std::string_view::npos) ++signs;
    if (line.find("**") != std::string_view::npos) ++signs;
    if (line.starts_with("|") && trim(line).ends_with("|")) ++signs;
  }
  // Scripts and settings have many lines that begin with '#' too, but not these signs.
  return headings >= 1 && signs >= 1 && headings * 3 <= line_count + 3;
}

}  // namespace wenyuan::ingest
