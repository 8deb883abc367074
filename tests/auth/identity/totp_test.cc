#include "auth/identity/totp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/auth/identity/identity_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::StartsWith;

constexpr std::string_view kSecret20 = "12345678901234567890";
constexpr std::string_view kSecret32 = "12345678901234567890123456789012";

// RFC 4226, appendix D.
TEST(Hotp, GivesTheCodesOfTheStandard) {
  const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                         "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < 10; ++counter) {
    EXPECT_EQ(*hotp(kSecret20, counter, 6, TotpAlgorithm::sha1), codes[counter]) << counter;
  }
  EXPECT_FALSE(hotp(kSecret20, 0, 5, TotpAlgorithm::sha1));
  EXPECT_FALSE(hotp(kSecret20, 0, 9, TotpAlgorithm::sha1));
}

// RFC 6238, appendix B.
TEST(Totp, GivesTheCodesOfTheStandard) {
  struct Row {
    std::uint64_t seconds;
    const char *sha1, *sha256;
  };
  const Row rows[] = {{59, "94287082", "46119246"},         {1111111109, "07081804", "68084774"},
                      {1111111111, "14050471", "67062674"}, {1234567890, "89005924", "91819424"},
                      {2000000000, "69279037", "90698825"}, {20000000000, "65353130", "77737706"}};
  for (const Row& row : rows) {
    EXPECT_EQ(*hotp(kSecret20, row.seconds / 30, 8, TotpAlgorithm::sha1), row.sha1);
    EXPECT_EQ(*hotp(kSecret32, row.seconds / 30, 8, TotpAlgorithm::sha256), row.sha256);
  }
}

// RFC 4648, section 10.
TEST(Base32, WritesTheExamplesOfTheStandard) {
  EXPECT_EQ(to_base32(""), "");
  EXPECT_EQ(to_base32("f"), "MY");
  EXPECT_EQ(to_base32("fo"), "MZXQ");
  EXPECT_EQ(to_base32("foo"), "MZXW6");
  EXPECT_EQ(to_base32("foob"), "MZXW6YQ");
  EXPECT_EQ(to_base32("fooba"), "MZXW6YTB");
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");
}

TEST(Totp, AcceptsTheStepBeforeAndAfterAndNoOther) {
  constexpr std::int64_t kStep = 40'000'000;
  constexpr UnixMillis kNow = kStep * 30'000 + 15'000;
  for (std::int64_t away = -3; away <= 3; ++away) {
    const std::string code =
        *hotp(kSecret20, static_cast<std::uint64_t>(kStep + away), 6, TotpAlgorithm::sha1);
    const auto step = *matching_step(kSecret20, code, TotpAlgorithm::sha1, -1, kNow);
    EXPECT_EQ(step.has_value(), away >= -1 && away <= 1) << away;
    EXPECT_EQ(step.value_or(kStep + away), kStep + away);
    EXPECT_FALSE(*matching_step(kSecret20, code, TotpAlgorithm::sha1, kStep + away, kNow))
        << "this step was used";
  }
  const std::string code =
      *hotp(kSecret20, static_cast<std::uint64_t>(kStep), 6, TotpAlgorithm::sha1);
  EXPECT_FALSE(*matching_step(kSecret20, code, TotpAlgorithm::sha256, -1, kNow));
  for (const std::string& wrong : {std::string(), code + "0", code.substr(1), " " + code}) {
    EXPECT_FALSE(*matching_step(kSecret20, wrong, TotpAlgorithm::sha1, -1, kNow)) << wrong;
  }
}

TEST(Totp, TellsTheAppWhoseItIs) {
  EXPECT_EQ(otpauth_address("Wenyuan", "文 渊@x", "foobar", TotpAlgorithm::sha256),
            "otpauth://totp/Wenyuan:%E6%96%87%20%E6%B8%8A%40x?secret=MZXW6YTBOI&issuer=Wenyuan"
            "&algorithm=SHA256&digits=6&period=30");
}

class SecondFactorsTest : public IdentityTest {
 protected:
  SecondFactorState state() {
    return must(read([&](store::Snapshot& s) { return factors().state(s, ann_); }));
  }
  const SecondFactors& factors() { return sign_in_->second_factors(); }
  const std::string ann_ = user("ann");
};

TEST_F(SecondFactorsTest, AreInForceOnceTheFirstCodeWasShown) {
  const TotpEnrolment begun = must(write([&](store::Transaction& tx) {
    return factors().begin_totp(tx, ann_, "ann", TotpAlgorithm::sha1, now_);
  }));
  EXPECT_THAT(begun.address, StartsWith("otpauth://totp/Wenyuan:ann?secret=" + begun.secret));
  EXPECT_TRUE(state().pending);
  EXPECT_FALSE(state().totp);
  const std::string code = code_of(from_base32(begun.secret), now_);
  EXPECT_FALSE(use(ann_, code)) << "not confirmed";
  const auto confirm = [&](const std::string& text) {
    return write(
        [&](store::Transaction& tx) { return factors().confirm_totp(tx, ann_, text, now_); });
  };
  EXPECT_EQ(confirm("000000").error().code, ErrorCode::forbidden);
  EXPECT_EQ(must(confirm(code)).size(), 10U);
  EXPECT_TRUE(state().totp);
  EXPECT_EQ(state().recovery_codes_left, 10);
  EXPECT_FALSE(use(ann_, code)) << "it was used to confirm";
  EXPECT_EQ(confirm(code).error().code, ErrorCode::conflict);
  EXPECT_EQ(write([&](store::Transaction& tx) {
              return factors().begin_totp(tx, ann_, "ann", TotpAlgorithm::sha1, now_);
            })
                .error()
                .code,
            ErrorCode::conflict);
}

TEST_F(SecondFactorsTest, TakeEachCodeOnce) {
  const Enrolled enrolled = enrol(ann_);
  const std::string code = code_of(enrolled.secret, now_);
  EXPECT_TRUE(use(ann_, code));
  EXPECT_FALSE(use(ann_, code));
  const std::string next = code_of(enrolled.secret, now_ + kTotpStepMs);
  EXPECT_TRUE(use(ann_, next)) << "a clock that is fast";
  now_ += kTotpStepMs;
  EXPECT_FALSE(use(ann_, next));
  EXPECT_FALSE(use(ann_, code_of(enrolled.secret, now_ - kTotpStepMs))) << "behind the last one";
  EXPECT_FALSE(use(user("bob"), next));
}

TEST_F(SecondFactorsTest, TakeEachRecoveryCodeOnceHoweverItIsTyped) {
  const Enrolled enrolled = enrol(ann_);
  EXPECT_EQ(enrolled.recovery_codes[0].size(), 19U);
  EXPECT_TRUE(use(ann_, enrolled.recovery_codes[0]));
  EXPECT_FALSE(use(ann_, enrolled.recovery_codes[0]));
  std::string typed = to_lower_ascii(enrolled.recovery_codes[1]);
  std::ranges::replace(typed, '-', ' ');
  EXPECT_TRUE(use(ann_, typed));
  EXPECT_FALSE(use(user("bob"), enrolled.recovery_codes[2]));
  EXPECT_EQ(state().recovery_codes_left, 8);
  const auto renewed =
      must(write([&](store::Transaction& tx) { return factors().new_recovery_codes(tx, ann_); }));
  EXPECT_FALSE(use(ann_, enrolled.recovery_codes[3]));
  EXPECT_TRUE(use(ann_, renewed[3]));
  must(write([&](store::Transaction& tx) { return factors().remove(tx, ann_); }));
  EXPECT_FALSE(use(ann_, renewed[4]));
}

TEST_F(SecondFactorsTest, KeepTheirSecretSealedForTheirUser) {
  const Enrolled enrolled = enrol(ann_);
  const std::string bob = user("bob");
  const std::string sealed = must(read([&](store::Snapshot& s) -> Result<std::string> {
    WY_TRY(auto row, s.prepare("SELECT sealed FROM totp_secrets WHERE user_id = ?"));
    WY_RETURN_IF_ERROR(row.bind(1, ann_).step());
    const auto blob = row.blob(0);
    return std::string(blob.begin(), blob.end());
  }));
  EXPECT_EQ(sealed.size(), enrolled.secret.size() + 28);
  EXPECT_EQ(sealed.find(enrolled.secret.substr(0, 8)), std::string::npos);
  must(write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto copy, tx.prepare("INSERT INTO totp_secrets SELECT ?, sealed, algorithm, "
                                 "confirmed, last_step, created_at FROM totp_secrets"));
    return copy.bind(1, bob).run();
  }));
  const auto used = write([&](store::Transaction& tx) {
    return factors().use(tx, bob, code_of(enrolled.secret, now_), now_);
  });
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace wenyuan::auth
