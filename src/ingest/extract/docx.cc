#include <pugixml.hpp>

#include <map>
#include <set>

#include "base/text.h"
#include "ingest/extract/builder.h"
#include "ingest/extract/docx_body.h"
#include "ingest/extract/docx_styles.h"
#include "ingest/extract/formats.h"
#include "ingest/extract/xml.h"
#include "ingest/extract/zip_archive.h"

namespace wenyuan::ingest {
namespace {

constexpr std::string_view kMediaType =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

// An absent part is an empty document.
Status load_part(ZipArchive& archive, const std::string& name, pugi::xml_document& part) {
  if (!archive.has(name)) return Done{};
  WY_TRY(const std::string content, archive.read(name));
  return load_xml(part, content);
}

// Where the package says that its text is; mostly word/document.xml.
Result<std::string> document_name(ZipArchive& archive) {
  pugi::xml_document relations;
  WY_RETURN_IF_ERROR(load_part(archive, "_rels/.rels", relations));
  for (const pugi::xml_node& relation : relations.document_element().children()) {
    if (!attribute(relation, "Type").ends_with("/officeDocument")) continue;
    std::string_view target = attribute(relation, "Target");
    while (target.starts_with('/')) target.remove_prefix(1);
    if (archive.has(std::string(target))) return std::string(target);
  }
  return std::string("word/document.xml");
}

// "word/document.xml", "styles.xml" -> "word/styles.xml"
std::string beside(const std::string& document, std::string_view name) {
  const std::size_t slash = document.rfind('/');
  return (slash == std::string::npos ? "" : document.substr(0, slash + 1)) + std::string(name);
}

// The notes that the text refers to, at its end.
void add_notes(const pugi::xml_node& notes, const std::vector<std::string>& wanted,
               DocxBody& body) {
  std::map<std::string, pugi::xml_node> by_id;
  for (const pugi::xml_node& note : notes.children()) {
    by_id.emplace(std::string(attribute(note, "id")), note);
  }
  std::set<std::string> done;
  for (const std::string& id : wanted) {
    const auto found = by_id.find(id);
    if (found != by_id.end() && done.insert(id).second) body.walk(found->second);
  }
}

std::string core_title(const pugi::xml_node& properties) {
  return std::string(trim(child(properties, "title").text().get()));
}

}  // namespace

Result<Extracted> extract_docx(std::string_view bytes) {
  WY_TRY(ZipArchive archive, ZipArchive::open(bytes));
  WY_TRY(const std::string name, document_name(archive));
  if (!archive.has(name)) return Error{ErrorCode::corrupt, "the Word document has no text part"};
  pugi::xml_document document, styles_part, numbering_part, footnotes, endnotes, core;
  WY_RETURN_IF_ERROR(load_part(archive, name, document));
  WY_RETURN_IF_ERROR(load_part(archive, beside(name, "styles.xml"), styles_part));
  WY_RETURN_IF_ERROR(load_part(archive, beside(name, "numbering.xml"), numbering_part));
  WY_RETURN_IF_ERROR(load_part(archive, beside(name, "footnotes.xml"), footnotes));
  WY_RETURN_IF_ERROR(load_part(archive, beside(name, "endnotes.xml"), endnotes));
  WY_RETURN_IF_ERROR(load_part(archive, "docProps/core.xml", core));

  DocxStyles styles;
  styles.load(styles_part.document_element());
  DocxNumbering numbering;
  numbering.load(numbering_part.document_element());
  Builder builder(kMediaType);
  builder.set_title(core_title(core.document_element()));
  DocxBody body(builder, styles, numbering);
  body.walk(child(document.document_element(), "body"));
  const std::vector<std::string> footnote_ids = body.footnotes();
  const std::vector<std::string> endnote_ids = body.endnotes();
  add_notes(footnotes.document_element(), footnote_ids, body);
  add_notes(endnotes.document_element(), endnote_ids, body);
  return builder.finish("the Word document has no text");
}

}  // namespace wenyuan::ingest
