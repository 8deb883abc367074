// The program wenyuan-engine: models behind a Unix socket.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "llm/engine_bench.h"
#include "llm/engine_service.h"
#include "llm/model_registry.h"

namespace wenyuan::llm {
namespace {

constexpr const char* kUsage =
    "usage: wenyuan-engine --socket PATH --models DIR [--threads N] [--parent PID]\n"
    "       wenyuan-engine --list --models DIR\n"
    "       wenyuan-engine bench FILE [--threads N] [--prompt N] [--tokens N] [--depth N]\n"
    "                            [--rounds N]\n"
    "\n"
    "Answers requests for vectors and text on a Unix socket, with the GGUF files of a directory.\n"
    "\n"
    "  --socket PATH  where to listen; open to this user alone\n"
    "  --models DIR   the directory of *.gguf files\n"
    "  --threads N    threads for each kind of model (default: one for each processor)\n"
    "  --parent PID   end when this process, the one that started the engine, ends\n"
    "  --list         show the models and whether they can be used\n"
    "  bench          measure reading a prompt and writing tokens with one file, and where the\n"
    "                 time goes\n"
    "  --help         show this text\n";

constexpr int kExitUsage = 2;
constexpr unsigned kStopSeconds = 10;
constexpr int kThreadsMax = 1024;

struct Arguments {
  std::filesystem::path socket;
  std::filesystem::path models;
  int threads = 0;
  pid_t parent = 0;
  bool list = false;
  bool help = false;
};

Result<int> number_argument(std::string_view name, std::string_view text, int max) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc{} && read.ptr == text.data() + text.size() && value >= 1 &&
      value <= max) {
    return value;
  }
  return Error{ErrorCode::invalid_argument, std::string(name) + " wants a number from 1 to " +
                                                std::to_string(max) + ", not \"" +
                                                std::string(text) + "\""};
}

Status set_argument(Arguments& arguments, std::string_view name, std::string_view value) {
  if (name == "--socket") {
    arguments.socket = value;
  } else if (name == "--models") {
    arguments.models = value;
  } else if (name == "--threads") {
    WY_TRY(arguments.threads, number_argument(name, value, kThreadsMax));
  } else if (name == "--parent") {
    WY_TRY(arguments.parent, number_argument(name, value, 1 << 30));
  } else {
    return Error{ErrorCode::invalid_argument, "unknown option " + std::string(name)};
  }
  return Done{};
}

Result<Arguments> parse(std::span<char* const> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--list") {
      arguments.list = true;
    } else if (word == "--help") {
      arguments.help = true;
    } else if (const auto equals = word.find('='); equals != std::string_view::npos) {
      WY_RETURN_IF_ERROR(set_argument(arguments, word.substr(0, equals), word.substr(equals + 1)));
    } else if (i + 1 < words.size()) {
      WY_RETURN_IF_ERROR(set_argument(arguments, word, words[++i]));
    } else {
      return Error{ErrorCode::invalid_argument, std::string(word) + " wants a value"};
    }
  }
  if (!arguments.help && arguments.models.empty()) {
    return Error{ErrorCode::invalid_argument, "--models is missing"};
  }
  if (!arguments.help && !arguments.list && arguments.socket.empty()) {
    return Error{ErrorCode::invalid_argument, "--socket is missing"};
  }
  return arguments;
}

Result<BenchOptions> parse_bench(std::span<char* const> words) {
  BenchOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (words.empty()) return Error{ErrorCode::invalid_argument, "bench wants a file"};
  options.model = words[0];
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    struct Named {
      std::string_view name;
      std::size_t BenchOptions::*target;
    };
    constexpr Named kNamed[] = {{"--threads", &BenchOptions::threads},
                                {"--prompt", &BenchOptions::prompt},
                                {"--tokens", &BenchOptions::tokens},
                                {"--depth", &BenchOptions::depth},
                                {"--rounds", &BenchOptions::rounds}};
    const auto found = std::find_if(std::begin(kNamed), std::end(kNamed),
                                    [&](const Named& named) { return named.name == words[i]; });
    if (found == std::end(kNamed)) {
      return Error{ErrorCode::invalid_argument, "unknown option " + std::string(words[i])};
    }
    const std::string_view value = words[i + 1];
    const bool is_none = value == "0" && found->name != "--threads" && found->name != "--rounds";
    WY_TRY(const int number,
           is_none ? Result<int>(0) : number_argument(found->name, value, 1 << 24));
    options.*found->target = static_cast<std::size_t>(number);
  }
  if (words.size() % 2 == 0) {
    return Error{ErrorCode::invalid_argument, std::string(words.back()) + " wants a value"};
  }
  return options;
}

int bench(std::span<char* const> words) {
  const auto options = parse_bench(words);
  const Status status = options ? run_bench(*options) : Status(options.error());
  if (status) return EXIT_SUCCESS;
  std::fprintf(stderr, "wenyuan-engine: %s\n", status.error().message.c_str());
  return options ? EXIT_FAILURE : kExitUsage;
}

int list_models(const Arguments& arguments) {
  const auto list = ModelRegistry(arguments.models).list();
  if (!list) {
    std::fprintf(stderr, "wenyuan-engine: %s\n", list.error().message.c_str());
    return EXIT_FAILURE;
  }
  for (const ModelInfo& model : list->models) {
    const bool is_embedder = model.kind == ModelKind::embedder;
    std::printf("%s\t%s\t%s\t%lld bytes\tcontext %lld%s\n", model.name.c_str(),
                is_embedder ? "embedder" : "generator", model.architecture.c_str(),
                static_cast<long long>(model.size_bytes),
                static_cast<long long>(model.context_length),
                is_embedder ? (", " + std::to_string(model.vector_size) + " numbers").c_str() : "");
  }
  for (const BrokenModel& model : list->broken) {
    std::printf("%s\tunusable\t%s\n", model.name.c_str(), model.error.message.c_str());
  }
  return EXIT_SUCCESS;
}

// False when the parent is gone already, in which case no signal would come.
bool follow_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;
}

std::size_t thread_count(int wanted) {
  if (wanted > 0) return static_cast<std::size_t>(wanted);
  return std::max(1U, std::thread::hardware_concurrency());
}

int serve(const Arguments& arguments) {
  // Blocked before the first thread starts, so that every thread inherits it and only sigwait
  // below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Nobody may be reading our log any more; that is no reason to end.
  ::signal(SIGPIPE, SIG_IGN);

  EngineServiceOptions options;
  options.socket = arguments.socket;
  options.handler.models = arguments.models;
  options.handler.threads = thread_count(arguments.threads);
  auto service = EngineService::start(options);
  if (!service) {
    log::error("engine_not_started", {{"reason", service.error().message}});
    return EXIT_FAILURE;
  }
  log::info("engine_started", {{"socket", arguments.socket.string()},
                               {"models", arguments.models.string()},
                               {"threads", options.handler.threads}});
  int signal = 0;
  ::sigwait(&signals, &signal);
  // A model that is being loaded cannot be interrupted; the process ends all the same.
  ::alarm(kStopSeconds);
  service->reset();
  log::info("engine_stopped", {{"signal", signal}});
  return EXIT_SUCCESS;
}

int run(std::span<char* const> words) {
  if (!words.empty() && std::string_view(words[0]) == "bench") return bench(words.subspan(1));
  const auto arguments = parse(words);
  if (!arguments) {
    std::fprintf(stderr, "wenyuan-engine: %s\n%s", arguments.error().message.c_str(), kUsage);
    return kExitUsage;
  }
  if (arguments->help) {
    std::fputs(kUsage, stdout);
    return EXIT_SUCCESS;
  }
  if (arguments->list) return list_models(*arguments);
  if (arguments->parent != 0 && !follow_parent(arguments->parent)) return EXIT_FAILURE;
  return serve(*arguments);
}

}  // namespace
}  // namespace wenyuan::llm

int main(int argc, char** argv) {
  return wenyuan::llm::run(std::span<char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
}
