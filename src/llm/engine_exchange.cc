#include "llm/engine_exchange.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace wenyuan::llm {

Result<Exchange> Exchange::create() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return Error{ErrorCode::unavailable, errno_error("eventfd").message};
  return Exchange(std::move(event));
}

void Exchange::send(std::string_view text) { put(encode_frame(FrameKind::delta, text), false); }

void Exchange::finish(std::string frame) { put(frame, true); }

void Exchange::put(std::string_view bytes, bool is_finished) {
  const std::lock_guard lock(mutex_);
  output_.bytes += bytes;
  output_.is_finished = is_finished;
  // It can fail only when the counter is full, and then it is readable all the same.
  [[maybe_unused]] const int status = ::eventfd_write(event_.get(), 1);
}

Exchange::Output Exchange::take() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  [[maybe_unused]] const int status = ::eventfd_read(event_.get(), &count);
  return std::exchange(output_, Output());
}

}  // namespace wenyuan::llm
