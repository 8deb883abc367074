// Duties: what somebody may do for the whole organization. None of them opens content.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::auth {

// In the order of their wire names.
enum class Duty : std::uint8_t {
  audit_hold,
  audit_read,
  audit_read_personal,
  backups_manage,
  break_glass_approve,
  break_glass_read,
  break_glass_request,
  collections_manage,
  credentials_manage,
  directory_read,
  groups_manage,
  master_key_rotate,
  metrics_read,
  policies_manage,
  policies_read,
  quotas_manage,
  roles_manage,
  users_manage,
};
inline constexpr std::size_t kDutyCount = 18;

std::string_view name(Duty duty);         // "users.manage"
std::string_view description(Duty duty);  // a sentence for people
std::optional<Duty> duty(std::string_view name);

class DutySet {
 public:
  constexpr DutySet() = default;
  constexpr DutySet(std::initializer_list<Duty> duties) {
    for (const Duty one : duties) add(one);
  }
  static constexpr DutySet all() {
    DutySet set;
    set.bits_ = (std::uint32_t{1} << kDutyCount) - 1;
    return set;
  }

  constexpr void add(Duty duty) { bits_ |= bit(duty); }
  constexpr void add(DutySet others) { bits_ |= others.bits_; }
  constexpr DutySet without(DutySet others) const {
    DutySet rest;
    rest.bits_ = bits_ & ~others.bits_;
    return rest;
  }
  constexpr bool has(Duty duty) const { return (bits_ & bit(duty)) != 0; }
  constexpr bool has_all(DutySet others) const { return others.without(*this).empty(); }
  constexpr bool empty() const { return bits_ == 0; }
  std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  // Wire names, sorted.
  std::vector<std::string> names() const;

  bool operator==(const DutySet&) const = default;

 private:
  static constexpr std::uint32_t bit(Duty duty) {
    return std::uint32_t{1} << static_cast<std::uint8_t>(duty);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace wenyuan::auth
