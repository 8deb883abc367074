#include "auth/decision_cache.h"

#include "base/bytes.h"

namespace wenyuan::auth {
namespace {

void put(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.put(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.put(std::string_view(text));
}

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
  ByteWriter writer;
  writer.put(static_cast<std::uint8_t>(action));
  writer.put(std::string_view(principal.user_id));
  writer.put(std::string_view(principal.username));
  writer.put(std::string_view(principal.key_id));
  put(writer, principal.roles);
  put(writer, principal.group_ids);
  put(writer, principal.scopes);
  writer.put(std::string_view(encode_attributes(principal.attributes)));
  return writer.take();
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
