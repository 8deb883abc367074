#include "ingest/extractor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::string_view kProbe = "The sandbox works.";
constexpr std::size_t kDeclaredTypeSizeMax = 100;

// Only what a media type can be made of goes onto the command line.
std::string safe_type(std::string_view declared) {
  std::string type;
  for (const char c : declared.substr(0, kDeclaredTypeSizeMax)) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '/' || c == '.' || c == '+' || c == '-' || c == ';' || c == '=' ||
                      c == ' ' || c == '_';
    if (!safe) return {};
    type += c;
  }
  return type.starts_with('-') ? std::string() : type;
}

Error failure(const ProcessResult& result, const SandboxLimits& limits) {
  const int code = result.exit_code;
  if (result.timed_out || code == 128 + SIGXCPU) {
    return Error{ErrorCode::too_large, "the file takes longer than " +
                                           std::to_string(limits.time_max.count()) +
                                           " seconds or more memory than it may have"};
  }
  if (result.output_too_large) {
    return Error{ErrorCode::too_large, "the file holds more text than may be taken out of it"};
  }
  if (code == 128 + SIGKILL) {
    // Not for its time, which was measured: by somebody, or by a machine that lacked memory.
    return Error{ErrorCode::unavailable, "the program that reads the file was killed"};
  }
  const std::string_view errors = std::string_view(result.errors).substr(0, 200);
  if (code == 127 || errors.starts_with("bwrap:")) {
    return Error{ErrorCode::unavailable,
                 "wenyuan-extract cannot be started: " + to_valid_utf8(trim(errors))};
  }
  return Error{ErrorCode::corrupt, "the file is damaged so that it cannot be read"};
}

}  // namespace

Result<Extractor> Extractor::open(const Options& options) {
  if (::access(options.program.c_str(), X_OK) != 0) {
    return Error{ErrorCode::unavailable, options.program.string() + " is not there"};
  }
  WY_TRY(Sandbox sandbox, Sandbox::open(options.sandbox));
  Extractor extractor(options, std::move(sandbox));
  const FileDescriptor probe(::memfd_create("probe", MFD_CLOEXEC));
  if (!probe) return errno_error("memfd_create");
  if (::pwrite(probe.get(), kProbe.data(), kProbe.size(), 0) < 0) return errno_error("pwrite");
  const auto found = extractor.extract(probe.get(), "text/plain", {});
  if (!found || found->text != kProbe) {
    return Error{ErrorCode::unavailable,
                 "documents cannot be read safely: " +
                     (found ? std::string("wrong answer") : found.error().message)};
  }
  return extractor;
}

Result<Extracted> Extractor::extract(const std::filesystem::path& file,
                                     const std::string& declared_type, std::stop_token stop) const {
  const FileDescriptor input(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!input) return errno_error("open", file);
  struct stat info {};
  if (::fstat(input.get(), &info) != 0) return errno_error("stat", file);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, file.string() + " is not a regular file"};
  }
  return extract(input.get(), declared_type, std::move(stop));
}

Result<Extracted> Extractor::extract(int file, const std::string& declared_type,
                                     std::stop_token stop) const {
  WY_TRY(const ProcessResult result, sandbox_.run(options_.program, {safe_type(declared_type)},
                                                  file, options_.limits, std::move(stop)));
  if (result.timed_out || result.output_too_large || result.exit_code != 0) {
    return failure(result, options_.limits);
  }
  return decode_outcome(result.output);
}

}  // namespace wenyuan::ingest
