// Styles and numbering of a DOCX: which paragraphs are headings, and what number stands before one.
#pragma once

#include <pugixml.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::ingest {

// Level 0 is the title, 1 to 9 are headings.
constexpr int kNoHeading = -1;

struct NumberingPlace {
  std::string list;  // numId; empty or "0": none
  int level = 0;
};

class DocxStyles {
 public:
  void load(const pugi::xml_node& styles);

  int heading_level(std::string_view style) const;
  NumberingPlace numbering(std::string_view style) const;
  bool is_hidden(std::string_view style) const;

 private:
  struct Style {
    std::string based_on;
    int heading = kNoHeading;
    NumberingPlace numbering;
    bool has_numbering = false;
    bool hidden = false;
  };
  template <class Wanted>
  const Style* find(std::string_view style, Wanted wanted) const;

  std::map<std::string, Style, std::less<>> styles_;
};

// Counts list paragraphs in the order of the document.
class DocxNumbering {
 public:
  void load(const pugi::xml_node& numbering);

  // The label of the next paragraph there ("2.1", "第三条"); empty for bullets.
  std::string next(const NumberingPlace& place);

 private:
  static constexpr int kLevelCount = 9;
  struct Level {
    int start = 1;
    std::string format = "decimal";
    std::string text;
  };
  struct List {
    std::map<int, Level> levels;
    int counts[kLevelCount] = {};
    bool begun[kLevelCount] = {};
  };
  std::map<std::string, List> lists_;                   // by abstract number
  std::map<std::string, std::string> list_of_;          // number -> abstract number
  std::map<std::string, std::map<int, int>> restarts_;  // number -> level -> start, until used
};

}  // namespace wenyuan::ingest
