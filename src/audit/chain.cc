#include "audit/chain.h"

#include "base/bytes.h"
#include "store/digest.h"

namespace wenyuan::audit {

std::string canonical(const Record& record) {
  ByteWriter writer;
  writer.put(std::string_view("wenyuan audit record 1"));
  writer.put(record.number);
  writer.put(record.time);
  const Event& event = record.event;
  const std::string details = encode_attributes(event.details);
  for (const std::string_view field :
       {std::string_view(event.action), name(event.outcome), std::string_view(event.actor_id),
        std::string_view(event.key_id), std::string_view(event.object_id),
        std::string_view(event.request_id), std::string_view(event.address),
        std::string_view(details)}) {
    writer.put(field);
  }
  return writer.take();
}

Hash chained(const Hash& before, const Record& record) {
  store::DigestWriter digest;
  digest.add(std::string_view("\x00", 1));
  digest.add(canonical(record));
  const Hash leaf = digest.finish();
  digest.add(std::string_view("\x01", 1));
  digest.add(before);
  digest.add(leaf);
  return digest.finish();
}

}  // namespace wenyuan::audit
