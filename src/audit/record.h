// What a record of the audit log says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/attributes.h"
#include "base/clock.h"

namespace wenyuan::audit {

enum class Outcome { allowed, refused, failed };

// Texts that somebody could be known by, or that somebody wrote. They are sealed with the keys of
// all whom they concern: when one of those is erased, they are unreadable for good.
struct Personal {
  std::vector<std::string> subjects{};  // usr_…, doc_…; the actor of the event when empty
  std::map<std::string, std::string> fields{};
};

// `details` never holds document text, a question, a name or a secret: ids, counts and hashes only.
struct Event {
  std::string action{};  // "document.add", "search", "auth.refuse", …
  Outcome outcome = Outcome::allowed;
  std::string actor_id{};   // usr_… or "" when nobody is known
  std::string key_id{};     // of the API key that was used
  std::string object_id{};  // doc_…, col_…, usr_…; may be empty
  std::string request_id{};
  std::string address{};  // of the client; personal
  Attributes details{};
  std::vector<Personal> personal{};
};

// Records of format 1 were written by the first release: their address is in the clear.
constexpr int kFormatNewest = 2;

struct Record {
  int format = kFormatNewest;
  std::int64_t number = 0;  // from 1, without gaps; leaf number - 1 of the tree
  UnixMillis time = 0;
  std::string retention_class{};  // audit/retention.h; empty in format 1
  Event event;                    // its address and personal are empty: see sealed
  std::string sealed{};           // audit/personal.h opens it
  std::string hash{};             // of the leaf, hex; see docs/formats/audit.md
  std::string chain_hash{};       // of format 1, hex: audit/chain.h
};

// Wire names.
std::string_view name(Outcome outcome);
std::optional<Outcome> outcome(std::string_view name);

}  // namespace wenyuan::audit
