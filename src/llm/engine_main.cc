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
#include <variant>

#include "base/log.h"
#include "llm/engine_bench.h"
#include "llm/engine_perplexity.h"
#include "llm/engine_service.h"
#include "llm/model_registry.h"

namespace wenyuan::llm {
namespace {

constexpr const char* kUsage =
    "usage: wenyuan-engine --socket PATH --models DIR [--threads N] [--cache f16|q8_0]\n"
    "                      [--parent PID]\n"
    "       wenyuan-engine --list --models DIR\n"
    "       wenyuan-engine bench FILE [--threads N] [--prompt N] [--tokens N] [--depth N]\n"
    "                            [--rounds N] [--kernels NAME] [--cache f16|q8_0]\n"
    "       wenyuan-engine perplexity FILE TEXT [--threads N] [--window N]\n"
    "\n"
    "Answers requests for vectors and text on a Unix socket, with the GGUF files of a directory.\n"
    "\n"
    "  --socket PATH  where to listen; open to this user alone\n"
    "  --models DIR   the directory of *.gguf files\n"
    "  --threads N    threads for each kind of model (default: one for each processor)\n"
    "  --cache TYPE   how a context's keys and values are kept: f16 (the default), or q8_0 in "
    "about\n"
    "                 half the memory\n"
    "  --parent PID   end when this process, the one that started the engine, ends\n"
    "  --list         show the models and whether they can be used\n"
    "  bench          measure reading a prompt and writing tokens with one file, and where the\n"
    "                 time goes\n"
    "  perplexity     say how well the model of a file predicts a text\n"
    "  --help         show this text\n";

constexpr int kExitUsage = 2;
constexpr unsigned kStopSeconds = 10;
constexpr int kThreadsMax = 1024;

struct Arguments {
  std::filesystem::path socket;
  std::filesystem::path models;
  int threads = 0;
  LoadOptions generators;
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
  } else if (name == "--cache") {
    WY_TRY(arguments.generators.cache, key_value_type(value));
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

// A number, or a text, to be set by an option.
struct Setting {
  std::string_view name;
  std::variant<std::size_t*, std::string*> target;
};

Status read_settings(std::span<char* const> words, std::span<const Setting> settings) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) {
      return setting.name == words[i];
    });
    if (found == settings.end()) {
      return Error{ErrorCode::invalid_argument, "unknown option " + std::string(words[i])};
    }
    if (i + 1 == words.size()) {
      return Error{ErrorCode::invalid_argument, std::string(words[i]) + " wants a value"};
    }
    if (std::string* const* text = std::get_if<std::string*>(&found->target)) {
      **text = words[i + 1];
    } else if (std::string_view(words[i + 1]) == "0" && found->name != "--threads") {
      *std::get<std::size_t*>(found->target) = 0;
    } else {
      WY_TRY(const int number, number_argument(found->name, words[i + 1], 1 << 24));
      *std::get<std::size_t*>(found->target) = static_cast<std::size_t>(number);
    }
  }
  return Done{};
}

Status bench(std::span<char* const> words) {
  BenchOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (words.empty()) return Error{ErrorCode::invalid_argument, "bench wants a file"};
  options.model = words[0];
  const Setting settings[] = {{"--threads", &options.threads}, {"--prompt", &options.prompt},
                              {"--tokens", &options.tokens},   {"--depth", &options.depth},
                              {"--rounds", &options.rounds},   {"--kernels", &options.kernels},
                              {"--cache", &options.cache}};
  WY_RETURN_IF_ERROR(read_settings(words.subspan(1), settings));
  options.rounds = std::max<std::size_t>(1, options.rounds);
  return run_bench(options);
}

Status perplexity(std::span<char* const> words) {
  PerplexityOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (words.size() < 2) return Error{ErrorCode::invalid_argument, "perplexity wants two files"};
  options.model = words[0];
  options.text = words[1];
  const Setting settings[] = {{"--threads", &options.threads}, {"--window", &options.window}};
  WY_RETURN_IF_ERROR(read_settings(words.subspan(2), settings));
  return run_perplexity(options);
}

int report(const Status& status) {
  if (status) return EXIT_SUCCESS;
  std::fprintf(stderr, "wenyuan-engine: %s\n", status.error().message.c_str());
  return status.error().code == ErrorCode::invalid_argument ? kExitUsage : EXIT_FAILURE;
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
                std::string(name(model.kind)).c_str(), model.architecture.c_str(),
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
  options.handler.generators = arguments.generators;
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
  const std::string_view first = words.empty() ? "" : words[0];
  if (first == "bench") return report(bench(words.subspan(1)));
  if (first == "perplexity") return report(perplexity(words.subspan(1)));
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
