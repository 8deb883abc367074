// The nouns of the server as JSON, as schema/openapi.yaml has them.
#pragma once

#include <string_view>

#include "api/json.h"
#include "audit/log.h"
#include "auth/groups.h"
#include "auth/identities.h"
#include "base/document.h"
#include "query/answer.h"
#include "query/search.h"
#include "store/content_store.h"

namespace wenyuan::api {

Json to_json(const Collection& collection);
Json to_json(const Document& document);
Json to_json(const store::DocumentVersion& version);
Json to_json(const Chunk& chunk);
Json to_json(const Location& location);
Json to_json(const Job& job);
Json to_json(const query::SearchHit& hit);
Json to_json(const query::Citation& citation);
Json to_json(const auth::User& user);
Json to_json(const auth::ApiKey& key);
Json to_json(const auth::Group& group);
Json to_json(const audit::Record& record);

Json passages_json(const std::vector<query::SearchHit>& hits);
Json usage_json(const llm::GenerateResult& usage);

// An empty text is null.
Json text_or_null(std::string_view text);
Json time_or_null(const std::optional<UnixMillis>& time);

}  // namespace wenyuan::api
