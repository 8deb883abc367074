#include "auth/decision_cache.h"

#include <cstring>
#include <string_view>
#include <utility>
#include <variant>

#include "base/attributes.h"

namespace wenyuan::auth {
namespace {

// Appends what no two different things have in common: each with its size before it.
class Print {
 public:
  Print() { bytes_.reserve(512); }

  void put(std::uint64_t number) {
    char raw[sizeof number];
    std::memcpy(raw, &number, sizeof raw);
    bytes_.append(raw, sizeof raw);
  }
  void put(std::string_view text) {
    put(std::uint64_t{text.size()});
    bytes_.append(text);
  }
  void put(const std::vector<std::string>& texts) {
    put(std::uint64_t{texts.size()});
    for (const std::string& text : texts) put(std::string_view(text));
  }
  void put(const AttributeValue& value) {
    put(std::uint64_t{value.index()});
    if (const auto* flag = std::get_if<bool>(&value)) put(std::uint64_t{*flag ? 1U : 0U});
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      put(static_cast<std::uint64_t>(*number));
    }
    if (const auto* text = std::get_if<std::string>(&value)) put(std::string_view(*text));
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) put(*texts);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

std::size_t size_of(const std::string& fingerprint, const Decided& decided) {
  constexpr std::size_t kOverhead = 256;  // nodes, pointers and counts
  std::size_t size = kOverhead + 2 * fingerprint.size() + decided.labels.size() * sizeof(LabelId);
  for (const auto* ids : {&decided.collections, &decided.visible}) {
    for (const std::string& id : *ids) size += sizeof id + id.capacity();
  }
  return size;
}

}  // namespace

std::string fingerprint(const Principal& principal, Action action) {
  Print print;
  print.put(static_cast<std::uint64_t>(action));
  for (const auto* text : {&principal.user_id, &principal.username, &principal.key_id}) {
    print.put(std::string_view(*text));
  }
  for (const auto* texts : {&principal.roles, &principal.group_ids, &principal.scopes}) {
    print.put(*texts);
  }
  print.put(std::uint64_t{principal.attributes.size()});
  for (const auto& [name, value] : principal.attributes) {
    print.put(std::string_view(name));
    print.put(value);
  }
  return print.take();
}

std::shared_ptr<const Decided> DecisionCache::find(Epoch epoch, const std::string& fingerprint) {
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) return nullptr;
  const auto found = places_.find(fingerprint);
  if (found == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->decided;
}

void DecisionCache::insert(Epoch epoch, const std::string& fingerprint,
                           std::shared_ptr<const Decided> decided) {
  const std::size_t size = size_of(fingerprint, *decided);
  const std::lock_guard lock(mutex_);
  if (epoch < epoch_ || size > size_max_) return;
  if (epoch > epoch_) {
    places_.clear();
    entries_.clear();
    size_ = 0;
    epoch_ = epoch;
  }
  if (places_.contains(fingerprint)) return;  // another thread was faster
  entries_.push_front({fingerprint, std::move(decided), size});
  places_.emplace(fingerprint, entries_.begin());
  size_ += size;
  while (size_ > size_max_) {
    size_ -= entries_.back().size;
    places_.erase(entries_.back().fingerprint);
    entries_.pop_back();
  }
}

}  // namespace wenyuan::auth
