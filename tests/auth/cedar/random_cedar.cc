#include "tests/auth/cedar/random_cedar.h"

#include <array>
#include <limits>

namespace wenyuan::auth::cedar::testing {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

constexpr std::string_view kTypes[] = {"User", "Group", "Doc", "Folder"};
constexpr std::string_view kIds[] = {"a", "b", "c"};
constexpr std::string_view kActions[] = {"read", "write", "all"};
constexpr std::int64_t kIntegers[] = {0, 1, -1, 2, 3, 7, kMost, kLeast, kMost - 1, kLeast + 1};
constexpr std::string_view kTexts[] = {"", "a", "ab", "abc", "*", "a*b", "文", "b\\\"\n"};
constexpr std::string_view kPatterns[] = {"*", "a*", "*b", "a*c", "\\*", "", "*文*", "a*b*c"};
constexpr std::string_view kDecimals[] = {"0.0", "-0.5", "1.2345", "922337203685477.5807",
                                          "-922337203685477.5808"};
constexpr std::string_view kIps[] = {"127.0.0.1", "10.0.0.0/8",  "10.1.2.3",     "0.0.0.0/0",
                                     "::1",       "ff02::1/128", "2001:db8::/32"};
constexpr std::string_view kDatetimes[] = {"1970-01-01", "1969-12-31T23:59:59.999Z",
                                           "2024-02-29T12:30:00+0800", "9999-12-31"};
constexpr std::string_view kDurations[] = {
    "0ms", "1d", "-1h30m", "1ms", "9223372036854775807ms", "-9223372036854775808ms"};
// What extension functions refuse.
constexpr std::string_view kNonsense[] = {"",      "1",          "1.23456", "256.0.0.1",
                                          "::1::", "2023-02-29", "1m1h"};

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string cat(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

const RandomCedar::Attribute RandomCedar::kAttributes[11] = {
    {"b", Type::boolean},  {"n", Type::integer},  {"s", Type::text},    {"e", Type::entity},
    {"t", Type::integers}, {"g", Type::entities}, {"r", Type::record},  {"d", Type::decimal},
    {"p", Type::ip},       {"w", Type::datetime}, {"u", Type::duration}};

RandomCedar::Type RandomCedar::any_type() { return one_of(kAttributes).type; }

EntityUid RandomCedar::uid() { return {std::string(one_of(kTypes)), std::string(one_of(kIds))}; }

Value RandomCedar::value(Type type, int depth) {
  switch (type) {
    case Type::boolean: return chance(0.5);
    case Type::integer: return one_of(kIntegers);
    case Type::text: return std::string(one_of(kTexts));
    case Type::entity: return uid();
    case Type::decimal: return *parse_decimal(one_of(kDecimals));
    case Type::ip: return *parse_ip_address(one_of(kIps));
    case Type::datetime: return *parse_datetime(one_of(kDatetimes));
    case Type::duration: return *parse_duration(one_of(kDurations));
    case Type::record: return depth > 1 ? Record() : record(0.5, depth + 1);
    case Type::integers:
    case Type::entities: break;
  }
  std::vector<Value> values;
  const Type element = type == Type::integers ? Type::integer : Type::entity;
  for (std::size_t i = below(4); i > 0; --i) {
    values.push_back(value(chance(0.05) ? Type::text : element, depth + 1));
  }
  return Set(std::move(values));
}

Record RandomCedar::record(double present, int depth) {
  std::vector<Record::Attribute> attributes;
  for (const Attribute& each : kAttributes) {
    if (!chance(present)) continue;
    attributes.emplace_back(each.name, value(chance(0.03) ? any_type() : each.type, depth));
  }
  return Record(std::move(attributes));
}

// Along the order User, Doc, Folder, Group and within a type from a to c, so that no cycle can be.
std::vector<EntityUid> RandomCedar::parents(const EntityUid& uid) {
  constexpr std::array<std::string_view, 4> kOrder = {"User", "Doc", "Folder", "Group"};
  const auto rank = [&](const EntityUid& each) {
    std::size_t at = 0;
    while (kOrder[at] != each.type) ++at;
    return at * 10 + static_cast<std::size_t>(each.id.front() - 'a');
  };
  std::vector<EntityUid> found;
  for (std::size_t i = below(4); i > 0; --i) {
    EntityUid parent = this->uid();
    if (rank(parent) > rank(uid)) found.push_back(std::move(parent));
  }
  return found;
}

Entity RandomCedar::entity(const EntityUid& uid) {
  Entity made;
  made.uid = uid;
  made.attributes = record(0.8, 0);
  if (chance(0.5)) made.tags = record(0.5, 0);
  made.parents = parents(uid);
  return made;
}

std::vector<Entity> RandomCedar::entities() {
  std::vector<Entity> all;
  for (const std::string_view type : kTypes) {
    for (const std::string_view id : kIds) {
      if (chance(0.8)) all.push_back(entity({std::string(type), std::string(id)}));
    }
  }
  for (const std::string_view id : kActions) {
    Entity action;
    action.uid = {"Action", std::string(id)};
    if (id != "all") action.parents.push_back({"Action", "all"});
    all.push_back(std::move(action));
  }
  return all;
}

Request RandomCedar::request() {
  Request request;
  request.principal = {chance(0.9) ? "User" : "Group", std::string(one_of(kIds))};
  request.action = {"Action", std::string(kActions[below(2)])};
  request.resource = {chance(0.8) ? "Doc" : "Folder", std::string(one_of(kIds))};
  request.context = record(0.8, 0);
  return request;
}

std::string RandomCedar::policies(std::size_t count) {
  std::string text;
  for (; count > 0; --count) text += policy();
  return text;
}

std::string RandomCedar::policy() {
  std::string action = "action";
  if (chance(0.3))
    action += cat({" == Action::", quote(one_of(kActions))});
  else if (chance(0.2))
    action += " in [Action::\"all\"]";
  std::string text = cat({chance(0.6) ? "permit" : "forbid", "(", head("principal"), ", ", action,
                          ", ", head("resource"), ")"});
  for (std::size_t i = below(3); i > 0; --i) {
    text += chance(0.75) ? " when { " : " unless { ";
    text += boolean(3) + " }";
  }
  return text + ";\n";
}

std::string RandomCedar::head(std::string_view variable) {
  const std::string entity = leaf(Type::entity);
  const std::string type(variable == "resource" ? kTypes[2 + below(2)] : kTypes[below(2)]);
  const bool is_literal = entity.find("::") != std::string::npos;
  switch (below(8)) {
    case 0: return is_literal ? cat({variable, " == ", entity}) : std::string(variable);
    case 1: return is_literal ? cat({variable, " in ", entity}) : std::string(variable);
    case 2: return cat({variable, " is ", type});
    case 3:
      return is_literal ? cat({variable, " is ", type, " in ", entity}) : std::string(variable);
    default: return std::string(variable);
  }
}

std::string RandomCedar::leaf(Type type) {
  switch (type) {
    case Type::boolean: return chance(0.5) ? "true" : "false";
    case Type::integer: {
      // Without the parentheses, the least integer could not be followed by a dot.
      const std::int64_t number = one_of(kIntegers);
      return number == kLeast ? cat({"(", std::to_string(number), ")"}) : std::to_string(number);
    }
    case Type::text: return quote(one_of(kTexts));
    case Type::entity:
      if (chance(0.5)) return std::string(chance(0.4) ? "principal" : "resource");
      return cat({one_of(kTypes), "::", quote(one_of(kIds))});
    case Type::integers: return "[]";
    case Type::entities: return cat({"[", leaf(Type::entity), "]"});
    case Type::record: return chance(0.7) ? "context" : "{n: 1, s: \"a\"}";
    case Type::decimal: return cat({"decimal(", quote(one_of(kDecimals)), ")"});
    case Type::ip: return cat({"ip(", quote(one_of(kIps)), ")"});
    case Type::datetime: return cat({"datetime(", quote(one_of(kDatetimes)), ")"});
    case Type::duration: break;
  }
  return cat({"duration(", quote(chance(0.03) ? one_of(kNonsense) : one_of(kDurations)), ")"});
}

// principal.n, resource.r.n, context.getTag("n"), …
std::string RandomCedar::access(Type type, int depth) {
  std::string_view name = "n";
  for (const Attribute& each : kAttributes) {
    if (each.type == type) name = each.name;
  }
  std::string base = chance(0.25) ? "context" : chance(0.6) ? "resource" : "principal";
  if (chance(0.2) && depth > 0) base = "(" + expression(Type::entity, depth - 1) + ")";
  if (chance(0.1)) base += ".r";
  if (chance(0.1)) return cat({base, ".getTag(\"", name, "\")"});
  return chance(0.8) ? cat({base, ".", name}) : cat({base, "[\"", name, "\"]"});
}

std::string RandomCedar::expression(Type type, int depth) {
  if (chance(0.02)) type = any_type();
  if (depth <= 0) return chance(0.5) ? leaf(type) : access(type, 0);
  if (chance(0.4)) return access(type, depth);
  if (chance(0.08)) {
    return cat({"(if ", boolean(depth - 1), " then ", expression(type, depth - 1), " else ",
                expression(type, depth - 1), ")"});
  }
  switch (type) {
    case Type::boolean: return "(" + boolean(depth - 1) + ")";
    case Type::integer: return integer(depth);
    case Type::integers:
    case Type::entities: return list(type, depth);
    case Type::datetime:
    case Type::duration: return time(type, depth);
    case Type::record:
      if (chance(0.5)) return cat({"{n: ", expression(Type::integer, depth - 1), "}"});
      return leaf(type);
    default: return leaf(type);
  }
}

std::string RandomCedar::integer(int depth) {
  const std::string left = expression(Type::integer, depth - 1);
  switch (below(6)) {
    case 0: return "-(" + left + ")";
    case 1: return cat({"(", left, " + ", expression(Type::integer, depth - 1), ")"});
    case 2: return cat({"(", left, " - ", expression(Type::integer, depth - 1), ")"});
    case 3: return cat({"(", left, " * ", expression(Type::integer, depth - 1), ")"});
    case 4: {
      constexpr std::string_view kUnits[] = {"Milliseconds", "Seconds", "Minutes", "Hours", "Days"};
      return cat({expression(Type::duration, depth - 1), ".to", one_of(kUnits), "()"});
    }
    default: return leaf(Type::integer);
  }
}

std::string RandomCedar::time(Type type, int depth) {
  const std::string base = expression(Type::datetime, depth - 1);
  if (type == Type::datetime) {
    if (chance(0.3)) return base + ".toDate()";
    return cat({base, ".offset(", expression(Type::duration, depth - 1), ")"});
  }
  if (chance(0.3)) return base + ".toTime()";
  if (chance(0.5)) return leaf(type);
  return cat({base, ".durationSince(", expression(Type::datetime, depth - 1), ")"});
}

std::string RandomCedar::list(Type type, int depth) {
  const Type element = type == Type::integers ? Type::integer : Type::entity;
  std::string text = "[";
  for (std::size_t i = below(4); i > 0; --i) {
    text += expression(element, depth - 1);
    if (i > 1) text += ", ";
  }
  return text + "]";
}

std::string RandomCedar::boolean(int depth) {
  if (depth <= 0) return chance(0.3) ? leaf(Type::boolean) : access(Type::boolean, 0);
  constexpr std::string_view kOrders[] = {"<", "<=", ">", ">="};
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
    case 3: return logic(depth);
    case 4: {
      const Type type = chance(0.6) ? Type::integer : chance(0.5) ? Type::datetime : Type::duration;
      return cat(
          {expression(type, depth - 1), " ", one_of(kOrders), " ", expression(type, depth - 1)});
    }
    case 5: {
      const Type type = any_type();
      return cat({expression(type, depth - 1),
                  chance(0.7) ? " == " : " != ", expression(type, depth - 1)});
    }
    case 6:
    case 7: return about_entities(depth);
    case 8: return about_sets(depth);
    case 9: return about_extensions(depth);
    case 10: return cat({expression(Type::text, depth - 1), " like \"", one_of(kPatterns), "\""});
    default: return access(Type::boolean, depth);
  }
}

std::string RandomCedar::logic(int depth) {
  const std::string left = "(" + boolean(depth - 1) + ")";
  switch (below(5)) {
    case 0: return "!" + left;
    case 1:
    case 2: return cat({left, " && (", boolean(depth - 1), ")"});
    case 3: return cat({left, " || (", boolean(depth - 1), ") || (", boolean(depth - 1), ")"});
    default: return "(" + expression(Type::boolean, depth - 1) + ")";
  }
}

std::string RandomCedar::about_sets(int depth) {
  const Type type = chance(0.5) ? Type::integers : Type::entities;
  const std::string left = expression(type, depth - 1);
  switch (below(4)) {
    case 0:
      return cat({left, ".contains(",
                  expression(type == Type::integers ? Type::integer : Type::entity, depth - 1),
                  ")"});
    case 1: return cat({left, ".containsAll(", expression(type, depth - 1), ")"});
    case 2: return cat({left, ".containsAny(", expression(type, depth - 1), ")"});
    default: return left + ".isEmpty()";
  }
}

std::string RandomCedar::about_entities(int depth) {
  const std::string left = expression(Type::entity, depth - 1);
  const std::string_view name = one_of(kAttributes).name;
  switch (below(7)) {
    case 0: return cat({left, " in ", expression(Type::entity, depth - 1)});
    case 1: return cat({left, " in ", expression(Type::entities, depth - 1)});
    case 2: return cat({left, " is ", one_of(kTypes)});
    case 3: return cat({left, " is ", one_of(kTypes), " in ", expression(Type::entity, depth - 1)});
    case 4: return cat({left, ".hasTag(\"", name, "\")"});
    case 5: return cat({left, " has r.", name});
    default: return cat({chance(0.5) ? left : "context", " has ", name});
  }
}

std::string RandomCedar::about_extensions(int depth) {
  constexpr std::string_view kCompares[] = {"lessThan", "lessThanOrEqual", "greaterThan",
                                            "greaterThanOrEqual"};
  constexpr std::string_view kAsks[] = {"isIpv4", "isIpv6", "isLoopback", "isMulticast"};
  if (chance(0.4)) {
    return cat({expression(Type::decimal, depth - 1), ".", one_of(kCompares), "(",
                expression(Type::decimal, depth - 1), ")"});
  }
  const std::string address = expression(Type::ip, depth - 1);
  if (chance(0.5)) return cat({address, ".", one_of(kAsks), "()"});
  return cat({address, ".isInRange(", expression(Type::ip, depth - 1), ")"});
}

}  // namespace wenyuan::auth::cedar::testing
