#include "auth/identity/signature_base.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/identity/request_credentials.h"
#include "base/base64.h"

namespace wenyuan::auth {
namespace {

using testing::HasSubstr;

// RFC 9421, appendix B.2: the request of its examples.
SignedRequest example() {
  return {"POST",
          "http",
          "example.com",
          "/foo?param=Value&Pet=dog",
          {{"Host", "example.com"},
           {"Date", "Tue, 20 Apr 2021 02:07:55 GMT"},
           {"Content-Type", "application/json"},
           {"Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEm"
            "THWXvJwew==:"},
           {"Content-Length", "18"}}};
}

constexpr const char* kRsaKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\n"
    "+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\n"
    "oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\n"
    "gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\n"
    "Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\n"
    "aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\n"
    "2wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kEd25519Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
    "-----END PUBLIC KEY-----\n";

bool verifies(const VerificationKey& key, SigningKind kind, const SignedRequest& request,
              std::string_view input, std::string_view signature) {
  const auto inputs = parse_signature_input(input);
  const auto signatures = parse_byte_fields(signature);
  if (!inputs || !signatures || inputs->size() != 1) return false;
  const auto base = signature_base(request, inputs->front());
  return base && key.verify(algorithm_of(kind), *base, signatures->begin()->second);
}

TEST(SignatureBase, FitsTheExamplesOfTheStandard) {
  const VerificationKey rsa = *VerificationKey::from_public_key(kRsaKey);
  EXPECT_TRUE(verifies(rsa, SigningKind::rsa_pss_sha512, example(),
                       "sig-b21=();created=1618884473;keyid=\"test-key-rsa-pss\""
                       ";nonce=\"b3k2pp5k7z-50gnwp.yemd\"",
                       "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cR"
                       "Atx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4d"
                       "zVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c"
                       "0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw"
                       "1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:"));
  EXPECT_TRUE(verifies(rsa, SigningKind::rsa_pss_sha512, example(),
                       "sig-b22=(\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\")"
                       ";created=1618884473;keyid=\"test-key-rsa-pss\";tag=\"header-example\"",
                       "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLR"
                       "iLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQ"
                       "ibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s"
                       "7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0"
                       "tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"));
  const VerificationKey secret = *VerificationKey::from_secret(
      *from_base64("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsas"
                   "jlTMtDQ=="));
  EXPECT_TRUE(verifies(secret, SigningKind::hmac_sha256, example(),
                       "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473"
                       ";keyid=\"test-shared-secret\"",
                       "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"));
  const VerificationKey ed25519 = *VerificationKey::from_public_key(kEd25519Key);
  const char* const input =
      "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"
      ";created=1618884473;keyid=\"test-key-ed25519\"";
  const char* const signature =
      "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBK"
      "RCw==:";
  EXPECT_TRUE(verifies(ed25519, SigningKind::ed25519, example(), input, signature));
  SignedRequest other = example();
  other.method = "PUT";
  EXPECT_FALSE(verifies(ed25519, SigningKind::ed25519, other, input, signature));
}

TEST(SignatureBase, WritesEveryKindOfComponent) {
  SignedRequest request = example();
  request.authority = "Example.COM:80";
  request.headers.emplace_back("X-Twice", " a ");
  request.headers.emplace_back("x-twice", "b");
  const auto inputs = parse_signature_input(
      "s=(\"@method\" \"@target-uri\" \"@authority\" \"@scheme\" \"@request-target\" \"@path\" "
      "\"@query\" \"x-twice\" \"@query-param\";name=\"param\");created=1;nonce=\"n\\\"\"");
  ASSERT_TRUE(inputs) << inputs.error().message;
  EXPECT_EQ(*signature_base(request, inputs->front()),
            "\"@method\": POST\n"
            "\"@target-uri\": http://example.com/foo?param=Value&Pet=dog\n"
            "\"@authority\": example.com\n"
            "\"@scheme\": http\n"
            "\"@request-target\": /foo?param=Value&Pet=dog\n"
            "\"@path\": /foo\n"
            "\"@query\": ?param=Value&Pet=dog\n"
            "\"x-twice\": a, b\n"
            "\"@query-param\";name=\"param\": Value\n"
            "\"@signature-params\": (\"@method\" \"@target-uri\" \"@authority\" \"@scheme\" "
            "\"@request-target\" \"@path\" \"@query\" \"x-twice\" \"@query-param\";name=\"param\")"
            ";created=1;nonce=\"n\\\"\"");
  request.target = "/foo";
  const auto query = parse_signature_input("s=(\"@query\")");
  EXPECT_THAT(*signature_base(request, query->front()), HasSubstr("\"@query\": ?\n"));
  for (const char* absent : {"s=(\"x-absent\")", "s=(\"@status\")", "s=(\"@unknown\")",
                             "s=(\"@query-param\";name=\"param\")"}) {
    const auto parsed = parse_signature_input(absent);
    EXPECT_TRUE(!parsed || !signature_base(request, parsed->front())) << absent;
  }
}

TEST(SignatureFields, AreRefusedWhenMalformed) {
  for (const char* bad : {"s",
                          "s=",
                          "s=(",
                          "s=()x",
                          "s=(\"a)",
                          "s=(\"A\")",
                          "s=(a)",
                          "s=(\"a\" \"a\")",
                          "S=()",
                          "s=();created",
                          "s=();created=\"1\"",
                          "s=();created=1.5",
                          "s=();created=1;created=2",
                          "s=();keyid=1",
                          "s=();unknown=1",
                          "s=(),",
                          "s=(), s=()",
                          "s=() t=()",
                          "s=(\"a\";sf)",
                          "s=(\"a\";req)",
                          "s=(\"@query-param\")",
                          "s=();created=99999999999999999",
                          "s=(\"\")",
                          "s=();nonce=\"a\x7f\"",
                          "s=();nonce=\"a\\b\""}) {
    EXPECT_FALSE(parse_signature_input(bad)) << bad;
  }
  EXPECT_EQ(parse_signature_input("")->size(), 0U);
  EXPECT_EQ(parse_signature_input("a=() ,\t b=( \"x\"  \"y\" );created=-1")->size(), 2U);
  for (const char* bad : {"s", "s=", "s=:", "s=:!:", "s=:Zg==", "s=:Zg:", "s=:Zg==:x",
                          "s=:Zg==:, s=:Zg==:", "s=\"Zg==\""}) {
    EXPECT_FALSE(parse_byte_fields(bad)) << bad;
  }
  EXPECT_FALSE(parse_byte_fields("s=:" + std::string(9000, 'A') + ":"));
}

}  // namespace
}  // namespace wenyuan::auth
