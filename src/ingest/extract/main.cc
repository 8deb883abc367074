// wenyuan-extract: reads a foreign file from standard input, writes what it holds to standard
// output. It runs in a sandbox, once for each file; see ingest/extractor.h.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "base/file.h"
#include "ingest/extract/extract.h"
#include "ingest/seccomp_policy.h"

namespace wenyuan::ingest {
namespace {

Result<std::string> read_input() {
  std::string content;
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode)) {
    content.reserve(static_cast<std::size_t>(info.st_size));
  }
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read the input");
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
  }
}

bool write_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// The parsers throw what they like; here it ends.
Result<Extracted> guarded(std::string_view declared_type) {
  try {
    WY_TRY(const std::string bytes, read_input());
    return extract(bytes, declared_type);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::too_large, "the file needs more memory than it may have"};
  } catch (const std::exception& error) {
    return Error{ErrorCode::corrupt, std::string("the file cannot be parsed: ") + error.what()};
  }
}

int run(int argument_count, char** arguments) {
  if (argument_count > 2) {
    std::fputs("usage: wenyuan-extract [MEDIA_TYPE] < FILE > RESULT\n", stderr);
    return 2;
  }
  load_modules();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The sanitizers need calls that a parser has no business with.
  if (const Status entered = enter_strict_seccomp(); !entered) {
    std::fprintf(stderr, "wenyuan-extract: %s\n", entered.error().message.c_str());
    return 3;
  }
#endif
  const std::string_view declared = argument_count == 2 ? arguments[1] : "";
  return write_output(encode_outcome(guarded(declared))) ? 0 : 4;
}

}  // namespace
}  // namespace wenyuan::ingest

int main(int argument_count, char** arguments) {
  const int status = wenyuan::ingest::run(argument_count, arguments);
  // Without the libraries' destructors: a damaged heap must not turn a good answer into a crash.
  std::fflush(stderr);
  ::_exit(status);
}
