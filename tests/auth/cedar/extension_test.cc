#include "auth/cedar/extension.h"

#include <gtest/gtest.h>

#include <limits>

#include "auth/cedar/evaluator.h"
#include "auth/cedar/extension_ip.h"
#include "auth/cedar/parser.h"

namespace wenyuan::auth::cedar {
namespace {

std::string value_of(std::string_view text) {
  const auto expression = parse_expression(text);
  if (!expression) return expression.error().message;
  const Request request{{"User", "a"}, {"Action", "read"}, {"Doc", "d"}, {}};
  const Entities entities;
  const auto value = Evaluator(request, entities).evaluate(*expression);
  return value ? to_text(*value) : value.error().message;
}

TEST(CedarDecimal, KeepsFourDecimals) {
  EXPECT_EQ(value_of("decimal(\"1.2300\")"), "decimal(\"1.23\")");
  EXPECT_EQ(value_of("decimal(\"-0.0001\")"), "decimal(\"-0.0001\")");
  EXPECT_EQ(value_of("decimal(\"1.0\") == decimal(\"1.0000\")"), "true");
  EXPECT_EQ(parse_decimal("922337203685477.5807")->ten_thousandths, INT64_MAX);
  EXPECT_EQ(parse_decimal("-922337203685477.5808")->ten_thousandths, INT64_MIN);
  EXPECT_EQ(to_text(Decimal{INT64_MIN}), "-922337203685477.5808");
  for (const char* bad : {"", "1", "1.", ".1", "1.23456", "+1.0", "1.0 ", "--1.0", "1.-1", "0x1.0",
                          "922337203685477.5808", "-922337203685477.5809", "9223372036854775808.0",
                          "99999999999999999999999.0"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(CedarDecimal, IsComparedByMethodsOnly) {
  EXPECT_EQ(value_of("decimal(\"1.1\").lessThan(decimal(\"1.2\"))"), "true");
  EXPECT_EQ(value_of("decimal(\"1.1\").greaterThanOrEqual(decimal(\"1.2\"))"), "false");
  EXPECT_EQ(value_of("decimal(\"1.1\") < decimal(\"1.2\")"),
            "line 1, column 1: a value of type long, datetime or duration was expected, not one of "
            "type decimal");
}

TEST(CedarIp, ReadsAddressesAndRanges) {
  for (const char* good : {"0.0.0.0", "255.255.255.255/0", "::", "::1/128",
                           "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
                           "ABCD:EF01:2345:6789:ABCD:EF01:2345:"
                           "6789/128"}) {
    EXPECT_TRUE(parse_ip_address(good)) << good;
    EXPECT_EQ(parse_ip_address(to_text(*parse_ip_address(good))), parse_ip_address(good)) << good;
  }
  for (const char* bad : {"",
                          "1.2.3",
                          "1.2.3.4.5",
                          "01.2.3.4",
                          "1.2.3.256",
                          "1.2.3.4/33",
                          "1.2.3.4/032",
                          "1.2.3.4/",
                          "/8",
                          "1.2.3.4/8/8",
                          ":::",
                          "1::2::3",
                          ":1",
                          "1:",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1::2:3:4:5:6:7:8",
                          "::12345",
                          "::g",
                          "::1/129",
                          "::ffff:1.2.3.4",
                          "fe80::1%eth0",
                          "1.2.3.4 ",
                          "::1/-1"}) {
    EXPECT_FALSE(parse_ip_address(bad)) << bad;
  }
}

TEST(CedarIp, ComparesRangesBitByBit) {
  const auto in = [](const char* inner, const char* outer) {
    return is_in_range(*parse_ip_address(inner), *parse_ip_address(outer));
  };
  EXPECT_TRUE(in("10.1.2.3", "10.0.0.0/8"));
  EXPECT_TRUE(in("10.1.2.3/9", "10.0.0.0/9"));
  EXPECT_FALSE(in("10.1.2.3/7", "10.0.0.0/8"));
  EXPECT_FALSE(in("10.128.0.0", "10.0.0.0/9"));
  EXPECT_TRUE(in("1.2.3.4", "9.9.9.9/0"));
  EXPECT_FALSE(in("::1", "0.0.0.0/0"));
  EXPECT_TRUE(in("2001:db8::1", "2001:db8::/33"));
  EXPECT_FALSE(in("2001:db8:8000::1", "2001:db8::/33"));
  EXPECT_EQ(value_of("ip(\"127.0.0.1\") == ip(\"127.0.0.1/32\")"), "true");
  EXPECT_EQ(value_of("ip(\"127.0.0.1/8\") == ip(\"127.0.0.0/8\")"), "false");
}

TEST(CedarIp, CallsARangeLoopbackOnlyWhenAllOfItIs) {
  EXPECT_EQ(value_of("ip(\"127.0.0.0/8\").isLoopback()"), "true");
  EXPECT_EQ(value_of("ip(\"127.0.0.0/7\").isLoopback()"), "false");
  EXPECT_EQ(value_of("ip(\"::1\").isLoopback()"), "true");
  EXPECT_EQ(value_of("ip(\"::1/127\").isLoopback()"), "false");
  EXPECT_EQ(value_of("ip(\"224.0.0.0/3\").isMulticast()"), "false");
  EXPECT_EQ(value_of("ip(\"ff02::1\").isMulticast()"), "true");
  EXPECT_EQ(value_of("ip(\"::1\").isIpv6() && !ip(\"::1\").isIpv4()"), "true");
}

TEST(CedarDatetime, ReadsEveryForm) {
  const auto ms = [](const char* text) { return parse_datetime(text)->milliseconds; };
  EXPECT_EQ(ms("1970-01-01"), 0);
  EXPECT_EQ(ms("1969-12-31T23:59:59.999Z"), -1);
  EXPECT_EQ(ms("2024-10-15T11:38:02Z"), 1'728'992'282'000);
  EXPECT_EQ(ms("2024-10-15T11:38:02+1134"), 1'728'992'282'000 - 41'640'000);
  EXPECT_EQ(ms("2024-10-15T11:38:02.101-1134"), 1'728'992'282'101 + 41'640'000);
  EXPECT_EQ(ms("0000-01-01"), -62'167'219'200'000);
  EXPECT_EQ(ms("9999-12-31T23:59:59.999-2359"), 253'402'300'799'999 + 86'340'000);
  for (const char* bad : {"",
                          "2024",
                          "2024-1-1",
                          "2024-02-30",
                          "2023-02-29",
                          "2024-13-01",
                          "2024-00-10",
                          "2024-01-01T",
                          "2024-01-01T00:00:00",
                          "2024-01-01T24:00:00Z",
                          "2024-01-01T00:60:00Z",
                          "2024-01-01T00:00:60Z",
                          "2024-01-01T00:00:00.1Z",
                          "2024-01-01T00:00:00+2400",
                          "2024-01-01T00:00:00+0060",
                          "2024-01-01T00:00:00+00:00",
                          "2024-01-01 00:00:00Z",
                          "2024-01-01Z",
                          "-2024-01-01",
                          "12024-01-01",
                          "2024-01-01T00:00:00ZZ"}) {
    EXPECT_FALSE(parse_datetime(bad)) << bad;
  }
}

TEST(CedarDatetime, IsWrittenSoThatItCanBeReadAgain) {
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{253'402'300'799'999},
        std::int64_t{253'402'300'800'000}, std::int64_t{-62'167'219'200'000},
        std::int64_t{-62'167'219'200'001}, INT64_MIN, INT64_MAX}) {
    const std::string text = to_expression(Datetime{ms});
    EXPECT_EQ(value_of(text + " == datetime(\"1970-01-01\").offset(duration(\"" +
                       std::to_string(ms) + "ms\"))"),
              "true")
        << text;
  }
}

TEST(CedarDatetime, KnowsDayAndTimeBeforeTheEpochToo) {
  EXPECT_EQ(value_of("datetime(\"1969-12-31T23:00:00Z\").toDate() == datetime(\"1969-12-31\")"),
            "true");
  EXPECT_EQ(value_of("datetime(\"1969-12-31T23:00:00Z\").toTime() == duration(\"23h\")"), "true");
  EXPECT_EQ(value_of("datetime(\"1969-12-31\").toTime()"), "duration(\"0ms\")");
  EXPECT_EQ(value_of("datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\")).toHours()"),
            "24");
  EXPECT_EQ(value_of("datetime(\"2024-01-02\") > datetime(\"2024-01-01\")"), "true");
  EXPECT_EQ(value_of("datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\"))"
                     ".toDate()"),
            "line 1, column 1: toDate: the result is out of range");
}

TEST(CedarDuration, AddsItsUnits) {
  EXPECT_EQ(parse_duration("1d2h3m4s5ms")->milliseconds, 93'784'005);
  EXPECT_EQ(parse_duration("-1h30m")->milliseconds, -5'400'000);
  EXPECT_EQ(parse_duration("-9223372036854775808ms")->milliseconds, INT64_MIN);
  EXPECT_EQ(value_of("duration(\"-90s\").toMinutes()"), "-1");
  EXPECT_EQ(value_of("duration(\"1d\") < duration(\"25h\")"), "true");
  for (const char* bad : {"", "-", "1", "d", "1h1d", "1h1h", "1.5h", "1 h", "+1h", "1ms1s", "1H",
                          "9223372036854775808ms", "106751991168d", "18446744073709551616ms"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(CedarExtension, SaysWhatACallWanted) {
  EXPECT_EQ(value_of("ip(\"here\")"),
            "line 1, column 1: ip(\"here\"): not of the form 10.0.0.0/8 or ::1, or out of range");
  EXPECT_EQ(value_of("ip(1)"), "line 1, column 1: ip wants a value of type string, not long");
  EXPECT_EQ(value_of("ip(\"::1\", \"::1\")"), "line 1, column 1: ip takes 1 argument, not 2");
  EXPECT_EQ(
      value_of("ip(\"::1\").isInRange()"),
      "line 1, column 1: isInRange takes 2 arguments, not 1, with the value that it is called "
      "on");
  EXPECT_EQ(value_of("\"::1\".isLoopback()"),
            "line 1, column 1: isLoopback wants a value of type ipaddr, not string");
}

}  // namespace
}  // namespace wenyuan::auth::cedar
