#include "store/document_filter.h"

#include "store/content_access.h"

namespace wenyuan::store {
namespace {

// How the value stands in the stored JSON, which is canonical: {"a":VALUE} without the rest.
std::string encoded_value(const AttributeValue& value) {
  const std::string object = encode_attributes({{"a", value}});
  return object.substr(5, object.size() - 6);
}

}  // namespace

std::string filter_sql(const DocumentFilter& filter) {
  // The labels are compared with "+" when the collection is given: its index then gives
  // the documents in order, and a page needs no sorting.
  std::string sql = filter.collection_id.empty() ? "d.label_id" : "+d.label_id";
  sql += " IN (SELECT value FROM json_each(?))";
  if (!filter.collection_id.empty()) sql += " AND d.collection_id = ?";
  if (filter.state) sql += " AND d.state = ?";
  if (!filter.external_id.empty()) sql += " AND d.external_id = ?";
  if (!filter.media_type.empty()) sql += " AND d.media_type = ?";
  if (filter.created_after) sql += " AND d.created_at > ?";
  for (std::size_t i = 0; i < filter.attributes.size(); ++i) {
    sql += " AND coalesce(d.attributes -> ?, c.attributes -> ?) = ?";
  }
  return sql;
}

int bind_filter(Statement& statement, std::span<const LabelId> labels,
                const DocumentFilter& filter) {
  int at = 1;
  statement.bind(at++, json_list(labels));
  if (!filter.collection_id.empty()) statement.bind(at++, filter.collection_id);
  if (filter.state) statement.bind(at++, name(*filter.state));
  if (!filter.external_id.empty()) statement.bind(at++, filter.external_id);
  if (!filter.media_type.empty()) statement.bind(at++, filter.media_type);
  if (filter.created_after) statement.bind(at++, *filter.created_after);
  for (const auto& [name, value] : filter.attributes) {
    statement.bind(at++, "$." + name);
    statement.bind(at++, "$." + name);
    statement.bind(at++, encoded_value(value));
  }
  return at;
}

Status check_filter(const DocumentFilter& filter) { return check_attributes(filter.attributes); }

}  // namespace wenyuan::store
