// Walks the body of a DOCX.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <vector>

#include "ingest/extract/builder.h"
#include "ingest/extract/docx_styles.h"

namespace wenyuan::ingest {

class DocxBody {
 public:
  DocxBody(Builder& builder, const DocxStyles& styles, DocxNumbering& numbering)
      : builder_(builder), styles_(styles), numbering_(numbering) {}

  // Blocks inside of `parent`, in order.
  void walk(const pugi::xml_node& parent) { walk(parent, 0); }

  // Ids of the notes that the text refers to, in order.
  const std::vector<std::string>& footnotes() const { return footnotes_; }
  const std::vector<std::string>& endnotes() const { return endnotes_; }

 private:
  void walk(const pugi::xml_node& parent, int depth);
  void paragraph(const pugi::xml_node& node, int depth);
  void table(const pugi::xml_node& node, int depth);
  void row(const pugi::xml_node& node, std::string& text, int depth);
  // Text of runs; text boxes on the way are kept for later.
  void inline_text(const pugi::xml_node& parent, std::string& text, int depth);
  void run_child(const pugi::xml_node& node, std::string& text, int depth);
  // All text inside, in one line.
  void flat_text(const pugi::xml_node& parent, std::string& text, int depth);
  bool is_hidden_run(const pugi::xml_node& run) const;

  Builder& builder_;
  const DocxStyles& styles_;
  DocxNumbering& numbering_;
  std::vector<pugi::xml_node> text_boxes_;
  std::vector<std::string> footnotes_;
  std::vector<std::string> endnotes_;
};

}  // namespace wenyuan::ingest
