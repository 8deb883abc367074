// An OpenID provider for tests that checks every parameter it gets, and misbehaves on demand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/identity/http_exchange.h"
#include "auth/identity/provider_config.h"
#include "tests/auth/identity/token_maker.h"

namespace wenyuan::auth {

using Fields = std::map<std::string, std::string>;
Fields parsed_form(std::string_view text);

class RogueProvider {
 public:
  using Json = nlohmann::json;

  // `origin` is where it is reached: "http://127.0.0.1:1234".
  explicit RogueProvider(std::string origin, UnixMillis now);

  // How this server is told about it.
  ProviderConfig config() const;

  OutgoingReply handle(const OutgoingRequest& request);

  // The user signs in there: takes the address that the browser was sent to, and gives the query
  // that it comes back with. Everything wrong with the address is added to `complaints`.
  Fields sign_in(const std::string& authorization_address);

  // --- what it would do wrong; each gets what is right
  std::function<void(Json&)> bend_metadata, bend_jwks, bend_claims, bend_header, bend_tokens,
      bend_user_info;
  std::function<void(Fields&)> bend_answer;
  std::function<void(OutgoingReply&)> bend_reply;
  std::function<std::string(const std::string&)> bend_id_token;
  const TokenMaker* signer = nullptr;  // another key than the one it publishes

  std::vector<std::string> complaints;
  std::vector<std::string> asked;  // paths, in order
  std::string subject = "subject-1";
  UnixMillis now;
  Json person = {{"preferred_username", "ann"}, {"name", "Ann Example"},
                 {"email", "ann@example.com"},  {"email_verified", true},
                 {"department", "legal"},       {"groups", {"lawyers", "others"}}};

  static const TokenMaker& key();        // published, called "key-1"
  static const TokenMaker& other_key();  // not published

 private:
  struct Code {
    std::string challenge, nonce, redirect_uri;
    bool used = false;
  };
  Json metadata() const;
  OutgoingReply token(const OutgoingRequest& request);
  OutgoingReply user_info(const OutgoingRequest& request);
  std::string id_token(const Code& code, const std::string& access_token) const;
  void complain(bool wrong, const std::string& what) {
    if (wrong) complaints.push_back(what);
  }

  const std::string origin_;
  std::map<std::string, Code> codes_;
  std::string access_token_ = "the access token of somebody";
};

// Carries requests to it without a network.
class RogueExchange final : public HttpExchange {
 public:
  explicit RogueExchange(RogueProvider& provider) : provider_(provider) {}
  Result<OutgoingReply> send(const OutgoingRequest& request) override {
    if (down) return Error{ErrorCode::unavailable, "nobody answers"};
    return provider_.handle(request);
  }
  bool down = false;

 private:
  RogueProvider& provider_;
};

// One way in which a sign-in must fail.
struct RogueCase {
  std::string name;
  std::function<void(RogueProvider&)> bend;
};
std::vector<RogueCase> rogue_cases();

}  // namespace wenyuan::auth
