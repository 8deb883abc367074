// The examples are those of AWS's documentation of Signature Version 4 for S3.
#include "backup/s3_signature.h"

#include <gmock/gmock.h>

#include "backup/manifest.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             ""};
constexpr UnixMillis kTime = 1'369'353'600'000;  // 2013-05-24T00:00:00Z

S3Message example(const std::string& method, const std::string& path, const std::string& body) {
  S3Message message{method, path, {}, {}, sha256_of(body)};
  message.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", message.payload_sha256},
                     {"x-amz-date", "20130524T000000Z"}};
  return message;
}

std::string signature(const S3Message& message) {
  const std::string value = s3_authorization(message, kExample, "us-east-1", kTime);
  return value.substr(value.rfind('=') + 1);
}

TEST(S3Signature, OfTheGetExampleIsAsPublished) {
  S3Message message = example("GET", "/test.txt", "");
  message.headers.emplace_back("range", "bytes=0-9");
  EXPECT_EQ(s3_authorization(message, kExample, "us-east-1", kTime),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, OfThePutExampleIsAsPublished) {
  S3Message message = example("PUT", "/test$file.text", "Welcome to Amazon S3.");
  message.headers.emplace_back("date", "Fri, 24 May 2013 00:00:00 GMT");
  message.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_EQ(signature(message), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, OfTheLifecycleExampleIsAsPublished) {
  S3Message message = example("GET", "/", "");
  message.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature(message), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, OfTheListExampleIsAsPublished) {
  S3Message message = example("GET", "/", "");
  message.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature(message), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Signature, EncodesAllButWhatNeedNot) {
  EXPECT_EQ(uri_encoded("aZ09-._~/ +%\xE4", true), "aZ09-._~/%20%2B%25%E4");
  EXPECT_EQ(uri_encoded("a/b", false), "a%2Fb");
  EXPECT_EQ(canonical_query({{"b", "x y"}, {"a", "1+1"}, {"uploads", ""}}),
            "a=1%2B1&b=x%20y&uploads=");
  EXPECT_EQ(s3_time(kTime), "20130524T000000Z");
}

// RFC 4231, test case 2.
TEST(Hmac, IsThatOfTheRfc) {
  EXPECT_EQ(to_hex(store::hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace wenyuan::backup
