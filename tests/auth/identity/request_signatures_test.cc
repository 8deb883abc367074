#include "auth/identity/request_signatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/user_rows.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "base/text.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/auth/identity/token_maker.h"

namespace wenyuan::auth {
namespace {

class RequestSignaturesTest : public IdentityTest {
 protected:
  RequestCredential credential(SigningKind kind, const std::string& pem = "") {
    RequestCredential wanted;
    wanted.user_id = ann_;
    wanted.name = "program";
    wanted.kind = kind;
    wanted.scopes = {"search", "ask"};
    const NewRequestCredential made = must(write([&](store::Transaction& tx) {
      return signatures_.credentials().add(tx, wanted, pem, now_);
    }));
    secret_ = made.secret.empty() ? "" : *from_base64(made.secret);
    return made.info;
  }

  using Sign = std::function<std::string(const std::string&)>;
  SignedRequest get(const std::string& target = "/v1/me?x=1") {
    return {"GET", "http", "kb.example:8080", target, {{"Host", "kb.example:8080"}}};
  }
  SignedRequest post(const std::string& body) {
    SignedRequest request = get("/v1/search");
    request.method = "POST";
    request.headers.emplace_back("Content-Digest", "sha-256=:" + sha256_base64(body) + ":");
    return request;
  }
  static std::string sha256_base64(const std::string& body) {
    const auto hash = *from_hex(sha256_hex(body));
    return to_base64(hash);
  }
  void sign(SignedRequest& request, const std::string& input, const Sign& with) {
    const auto parsed = must(parse_signature_input("s=" + input));
    const std::string signature = with(must(signature_base(request, parsed.front())));
    request.headers.emplace_back("Signature-Input", "s=" + input);
    request.headers.emplace_back(
        "Signature",
        "s=:" +
            to_base64({reinterpret_cast<const std::uint8_t*>(signature.data()), signature.size()}) +
            ":");
  }
  std::string input(const std::string& components, const std::string& id,
                    const std::string& nonce = "nonce-0001") {
    return "(" + components + ");created=" + std::to_string(now_ / 1000) + ";nonce=\"" + nonce +
           "\";keyid=\"" + id + "\"";
  }
  bool accepted(const SignedRequest& request, bool has_body = false) {
    const auto by = signatures_.verify(request, has_body, now_);
    EXPECT_TRUE(by || by.error().code == ErrorCode::unauthenticated);
    return by.has_value();
  }
  std::string mac(const std::string& text) { return hmac_sha256(secret_, text); }
  static std::string hmac_sha256(const std::string& key, const std::string& text);

  const std::string ann_ = user("ann");
  std::string secret_;
  RequestSignatures signatures_{sign_in_->secret(), *database_, {}};
  static constexpr const char* kAll = "\"@method\" \"@path\" \"@query\"";
};

TEST_F(RequestSignaturesTest, AreAcceptedOfEveryKind) {
  struct Row {
    SigningKind kind;
    const char* algorithm;
  };
  for (const Row& row :
       {Row{SigningKind::ed25519, "EdDSA"}, Row{SigningKind::ecdsa_p256_sha256, "ES256"},
        Row{SigningKind::rsa_pss_sha512, "PS512"}}) {
    const TokenMaker maker(row.algorithm, "key");
    const RequestCredential key = credential(row.kind, maker.public_pem());
    SignedRequest request = get();
    sign(request, input(kAll, key.id) + ";alg=\"" + std::string(name(row.kind)) + "\"",
         [&](const std::string& base) { return maker.sign(base); });
    const auto by = signatures_.verify(request, false, now_);
    ASSERT_TRUE(by) << by.error().message;
    EXPECT_EQ(by->credential.user_id, ann_);
    const auto again = signatures_.verify(request, false, now_);
    ASSERT_FALSE(again) << "sent a second time";
    EXPECT_EQ(again.error().message, "the request was sent before");
  }
}

TEST_F(RequestSignaturesTest, CoverMethodTargetBodyTimeAndNonce) {
  const TokenMaker maker("EdDSA", "key");
  const RequestCredential key = credential(SigningKind::ed25519, maker.public_pem());
  const Sign with = [&](const std::string& base) { return maker.sign(base); };
  int number = 0;
  const auto try_one = [&](const std::string& components, bool has_body,
                           const std::string& suffix = "") {
    SignedRequest request = has_body ? post("body") : get();
    sign(request, input(components, key.id, "nonce-" + std::to_string(1000 + ++number)) + suffix,
         with);
    return accepted(request, has_body);
  };
  EXPECT_TRUE(try_one("\"@method\" \"@target-uri\"", false));
  EXPECT_TRUE(try_one("\"@method\" \"@request-target\"", false));
  EXPECT_TRUE(try_one("\"@method\" \"@path\" \"@query\" \"content-digest\"", true));
  EXPECT_FALSE(try_one("\"@path\" \"@query\"", false));
  EXPECT_FALSE(try_one("\"@method\" \"@path\"", false)) << "the query is not covered";
  EXPECT_FALSE(try_one("\"@method\"", false));
  EXPECT_FALSE(try_one("\"@method\" \"@target-uri\"", true)) << "the body is not covered";
  EXPECT_FALSE(try_one(kAll, false, ";alg=\"hmac-sha256\""));
  SignedRequest request = get();
  sign(request, "(" + std::string(kAll) + ");nonce=\"nonce-9999\";keyid=\"" + key.id + "\"", with);
  EXPECT_FALSE(accepted(request)) << "no time";
  for (const char* nonce : {"", "short", "nonce \x01"}) {
    SignedRequest other = get();
    if (!parse_signature_input("s=" + input(kAll, key.id, nonce))) continue;
    sign(other, input(kAll, key.id, nonce), with);
    EXPECT_FALSE(accepted(other)) << nonce;
  }
}

TEST_F(RequestSignaturesTest, AreOfTheirTimeOnly) {
  const TokenMaker maker("EdDSA", "key");
  const RequestCredential key = credential(SigningKind::ed25519, maker.public_pem());
  SignedRequest request = get();
  sign(request, input(kAll, key.id), [&](const std::string& base) { return maker.sign(base); });
  now_ += 301'000;
  EXPECT_FALSE(accepted(request));
  now_ -= 602'000;
  EXPECT_FALSE(accepted(request));
  now_ += 2'000;
  EXPECT_TRUE(accepted(request));
  now_ += 599'000;
  EXPECT_FALSE(accepted(request)) << "its nonce is remembered as long as it could be sent";
}

TEST_F(RequestSignaturesTest, AreRefusedWhenAnythingChanges) {
  const TokenMaker maker("EdDSA", "key");
  const RequestCredential key = credential(SigningKind::ed25519, maker.public_pem());
  const Sign with = [&](const std::string& base) { return maker.sign(base); };
  SignedRequest good = post("body");
  sign(good, input("\"@method\" \"@target-uri\" \"content-digest\"", key.id), with);
  const auto changed = [&](const std::function<void(SignedRequest&)>& change) {
    SignedRequest request = good;
    change(request);
    return !accepted(request, true);
  };
  EXPECT_TRUE(changed([](SignedRequest& r) { r.method = "DELETE"; }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.target += "?x"; }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.authority = "other.example"; }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.scheme = "https"; }));
  EXPECT_TRUE(changed(
      [&](SignedRequest& r) { r.headers[1].second = "sha-256=:" + sha256_base64("x") + ":"; }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.headers.push_back(r.headers[1]); }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.headers.push_back(r.headers[2]); }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.headers[2].second += ";tag=\"x\""; }));
  EXPECT_TRUE(
      changed([](SignedRequest& r) { r.headers[3].second = "t" + r.headers[3].second.substr(1); }));
  EXPECT_TRUE(changed([](SignedRequest& r) { r.headers.pop_back(); }));
  for (std::size_t at = 5; at < 60; ++at) {
    EXPECT_TRUE(changed([&](SignedRequest& r) {
      char& c = r.headers[3].second[at];
      c = c == 'A' ? 'B' : 'A';
    })) << at;
  }
  auto by = signatures_.verify(good, true, now_);
  ASSERT_TRUE(by);
  by->body->update("bo");
  by->body->update("dy");
  EXPECT_TRUE(by->body->finish());
  must(write([&](store::Transaction& tx) { return signatures_.credentials().remove(tx, key.id); }));
  SignedRequest later = get();
  sign(later, input(kAll, key.id, "another nonce"), with);
  EXPECT_FALSE(accepted(later)) << "the key is gone";
}

TEST_F(RequestSignaturesTest, FindAnotherBodyOut) {
  auto digest = BodyDigest::expect_field("sha-256=:" + sha256_base64("body") + ":");
  ASSERT_TRUE(digest);
  digest->update("another");
  EXPECT_EQ(digest->finish().error().code, ErrorCode::unauthenticated);
  for (const char* bad : {"", "sha-256=:Zg==:", "md5=:Zg==:", "sha-256=x"}) {
    EXPECT_FALSE(BodyDigest::expect_field(bad)) << bad;
  }
}

TEST_F(RequestSignaturesTest, HaveAPlainFormToo) {
  const RequestCredential key = credential(SigningKind::hmac_sha256);
  ASSERT_EQ(secret_.size(), 32U);
  const auto signed_request = [&](const std::string& nonce, const std::string& body,
                                  std::int64_t seconds) {
    SignedRequest request = get("/v1/search?x=%20");
    request.method = "POST";
    const std::string hash = sha256_hex(body);
    const std::string text =
        plain_signature_text("POST", "kb.example:8080", "/v1/search?x=%20", seconds, nonce, hash);
    const std::string signature = mac(text);
    request.headers.emplace_back(
        "Authorization",
        "WY-HMAC-SHA256 key=" + key.id + ", time=" + std::to_string(seconds) + ", nonce=" + nonce +
            ", body=" + hash + ", signature=" +
            to_base64({reinterpret_cast<const std::uint8_t*>(signature.data()), signature.size()}));
    return request;
  };
  const std::int64_t seconds = now_ / 1000;
  const SignedRequest good = signed_request("nonce-0001", "body", seconds);
  EXPECT_TRUE(RequestSignatures::is_signed(good));
  EXPECT_FALSE(RequestSignatures::is_signed(get()));
  auto by = signatures_.verify(good, true, now_);
  ASSERT_TRUE(by) << by.error().message;
  by->body->update("body");
  EXPECT_TRUE(by->body->finish());
  EXPECT_FALSE(accepted(good, true)) << "sent a second time";
  EXPECT_FALSE(accepted(signed_request("nonce-0002", "body", seconds - 301), true));
  EXPECT_FALSE(accepted(signed_request("short", "body", seconds), true));
  EXPECT_FALSE(accepted(signed_request("nonce-0003", "body", seconds), false))
      << "its body is gone";
  EXPECT_TRUE(accepted(signed_request("nonce-0004", "", seconds), false));
  SignedRequest other = signed_request("nonce-0005", "body", seconds);
  other.target = "/v1/search";
  EXPECT_FALSE(accepted(other, true));
  for (const char* bad : {"", "key=x", "key=x,time=1,nonce=12345678,body=,signature=",
                          "key=x,key=y,time=1,nonce=12345678,body=00"}) {
    SignedRequest request = get();
    request.headers.emplace_back("Authorization", "WY-HMAC-SHA256 " + std::string(bad));
    EXPECT_FALSE(accepted(request)) << bad;
  }
}

TEST_F(RequestSignaturesTest, BelongToPrincipalsWithTheirScopes) {
  const TokenMaker maker("EdDSA", "key");
  const RequestCredential key = credential(SigningKind::ed25519, maker.public_pem());
  const auto principal = must(read([&](store::Snapshot& s) -> Result<Principal> {
    WY_TRY(auto found, current_principal(s, ann_, key.id));
    return *found;
  }));
  EXPECT_THAT(principal.scopes, testing::ElementsAre("ask", "search"));
  const auto wrong = [&](SigningKind kind, const std::string& pem) {
    RequestCredential wanted;
    wanted.user_id = ann_;
    wanted.name = "program";
    wanted.kind = kind;
    wanted.scopes = {"*"};
    return !write([&](store::Transaction& tx) {
      return signatures_.credentials().add(tx, wanted, pem, now_);
    });
  };
  EXPECT_TRUE(wrong(SigningKind::rsa_pss_sha512, maker.public_pem()));
  EXPECT_TRUE(wrong(SigningKind::ed25519, "nonsense"));
  EXPECT_TRUE(wrong(SigningKind::hmac_sha256, maker.public_pem()));
}

std::string RequestSignaturesTest::hmac_sha256(const std::string& key, const std::string& text) {
  // HMAC out of the plain hash, so that the test does not lean on what it tests.
  std::string inner(64, '\x36'), outer(64, '\x5c');
  for (std::size_t at = 0; at < key.size(); ++at) {
    inner[at] = static_cast<char>(inner[at] ^ key[at]);
    outer[at] = static_cast<char>(outer[at] ^ key[at]);
  }
  const auto bytes = [](const std::string& hex) {
    const auto raw = *from_hex(hex);
    return std::string(raw.begin(), raw.end());
  };
  return bytes(sha256_hex(outer + bytes(sha256_hex(inner + text))));
}

}  // namespace
}  // namespace wenyuan::auth
