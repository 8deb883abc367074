#include "backup/s3_answers.h"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>

namespace wenyuan::backup {
namespace {

constexpr std::size_t kEntriesMax = 1000;
constexpr std::size_t kWordSizeMax = 64;
constexpr std::size_t kTokenSizeMax = 4096;

Error broken(std::string_view what) {
  return Error{ErrorCode::corrupt, "the object store's answer has no " + std::string(what)};
}

// Prefixes of namespaces are not looked at: no element of another one has these names.
bool is_named(const pugi::xml_node& node, std::string_view name) {
  std::string_view whole = node.name();
  const std::size_t colon = whole.find(':');
  if (colon != std::string_view::npos) whole.remove_prefix(colon + 1);
  return whole == name;
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (is_named(node, name)) return node;
  }
  return {};
}

std::string_view text_of(const pugi::xml_node& parent, std::string_view name) {
  return child(parent, name).text().get();
}

// Documents of types, instructions and comments are passed over; entities but the five of XML stay
// as they are.
Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                               std::string_view name) {
  if (xml.size() > kAnswerSizeMax) return broken("reasonable size");
  const auto parsed = document.load_buffer(
      xml.data(), xml.size(), pugi::parse_cdata | pugi::parse_escapes, pugi::encoding_utf8);
  pugi::xml_node root = document.document_element();
  if (!parsed || !is_named(root, name)) return broken(name);
  return root;
}

bool is_word(std::string_view text) {
  return text.size() <= kWordSizeMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

Result<Place::Object> read_object(const pugi::xml_node& node) {
  Place::Object object;
  object.name = text_of(node, "Key");
  const std::string_view size = text_of(node, "Size");
  const char* const end = size.data() + size.size();
  const auto [rest, error] = std::from_chars(size.data(), end, object.size);
  if (object.name.empty()) return broken("Key");
  if (error != std::errc() || rest != end || object.size < 0) return broken("Size");
  return object;
}

}  // namespace

Result<S3Listing> parse_listing(std::string_view xml) {
  pugi::xml_document document;
  WY_TRY(const pugi::xml_node root, root_of(document, xml, "ListBucketResult"));
  S3Listing listing;
  for (const pugi::xml_node& node : root.children()) {
    if (is_named(node, "Contents")) {
      WY_TRY(Place::Object object, read_object(node));
      listing.objects.push_back(std::move(object));
    } else if (is_named(node, "CommonPrefixes")) {
      listing.folders.emplace_back(text_of(node, "Prefix"));
      if (listing.folders.back().empty()) return broken("Prefix");
    }
    if (listing.objects.size() + listing.folders.size() > kEntriesMax) {
      return broken("end within 1,000 entries");
    }
  }
  if (text_of(root, "IsTruncated") != "true") return listing;
  listing.next = text_of(root, "NextContinuationToken");
  if (listing.next.empty() || listing.next.size() > kTokenSizeMax) {
    return broken("NextContinuationToken");
  }
  return listing;
}

S3Fault parse_fault(std::string_view xml) {
  S3Fault fault;
  pugi::xml_document document;
  const auto root = root_of(document, xml, "Error");
  if (!root) return fault;
  const std::string_view code = text_of(*root, "Code");
  const std::string_view region = text_of(*root, "Region");
  if (is_word(code)) fault.code = code;
  if (is_word(region)) fault.region = region;
  return fault;
}

Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  WY_TRY(const pugi::xml_node root, root_of(document, xml, "InitiateMultipartUploadResult"));
  std::string id(text_of(root, "UploadId"));
  if (id.empty() || id.size() > kTokenSizeMax) return broken("UploadId");
  return id;
}

bool is_completed(std::string_view xml) {
  pugi::xml_document document;
  return root_of(document, xml, "CompleteMultipartUploadResult").has_value();
}

}  // namespace wenyuan::backup
