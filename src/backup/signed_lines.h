// Lines of "name value" under a title, signed with Ed25519; docs/formats/backup.md.
//
//   wenyuan backup segment 1
//   store 0123…
//   number 17
//   signature Qb2…=
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/checkpoint_key.h"
#include "base/result.h"

namespace wenyuan::backup {

constexpr std::size_t kLinesSizeMax = std::size_t{64} << 20;

class SignedLines {
 public:
  explicit SignedLines(std::string title) : title_(std::move(title)) {}

  // A name is of a-z, 0-9 and '_'; a value has no control characters.
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  std::string sign(const audit::SigningKey& key) const;

  // corrupt unless it is what sign() writes, with this title, by this key.
  static Result<SignedLines> open(std::string_view text, const std::string& title,
                                  const audit::VerifyingKey& key);
  // The same, whoever has signed it.
  static Result<SignedLines> parse(std::string_view text, const std::string& title);

  // Each line in its place: corrupt when the next line has another name, or no such number.
  Result<std::string> text(std::string_view name);
  Result<std::int64_t> number(std::string_view name, std::int64_t min, std::int64_t max);
  // As many as there are.
  std::vector<std::string> texts(std::string_view name);
  Status end() const;

 private:
  std::string body() const;

  std::string title_;
  std::vector<std::pair<std::string, std::string>> lines_;
  std::size_t at_ = 0;
};

}  // namespace wenyuan::backup
