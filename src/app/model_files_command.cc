#include "app/model_files_command.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/command.h"
#include "base/file.h"
#include "compute/thread_pool.h"
#include "llm/convert.h"
#include "llm/engine_request.h"
#include "llm/gguf_split.h"
#include "llm/importance_measure.h"
#include "llm/inspect.h"
#include "llm/memory_estimate.h"
#include "llm/memory_need.h"
#include "llm/quantize.h"
#include "llm/weight_formats.h"
#include "llm/weights.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Flags {
  std::string models = default_models_directory().string();
  std::string from;
  std::string text;  // a file
  std::string out;
  std::string name;
  std::string type;
  std::string pooling;
  std::string pretokenizer;
  std::string importance;
  std::int64_t context = 4096;
  std::int64_t users = 1;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::string cache;
  bool json = false;
  bool all = false;
};

// A line that the next one overwrites; only for somebody who is looking.
void show_progress(const std::string& line) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::cerr << "\r\x1b[K" << line << std::flush;
}

std::string in_units(double bytes) {
  const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.2f %s", bytes, units[unit]);
  return text;
}

// A file, or the name of one of the models.
fs::path model_path(const Flags& flags) {
  std::error_code error;
  if (fs::exists(flags.from, error)) return flags.from;
  return llm::model_files(flags.models, flags.from).front();
}

Result<fs::path> output_path(const Flags& flags) {
  if (!flags.out.empty()) return fs::path(flags.out);
  if (!flags.name.empty()) {
    WY_RETURN_IF_ERROR(llm::check_model_name(flags.name));
    std::error_code error;
    fs::create_directories(flags.models, error);
    return fs::path(flags.models) / (flags.name + ".gguf");
  }
  return Error{ErrorCode::invalid_argument,
               "say where to: --out FILE, or --name NAME for a model "
               "of the models directory"};
}

Status convert(const Flags& flags) {
  WY_TRY(const fs::path to, output_path(flags));
  llm::ConvertOptions options;
  options.name = flags.name;
  options.pretokenizer = flags.pretokenizer;
  if (flags.pooling == "mean") options.pooling = llm::EncoderPooling::mean;
  if (flags.pooling == "cls") options.pooling = llm::EncoderPooling::cls;
  if (!flags.type.empty()) {
    options.type = llm::tensor_type(flags.type);
    if (!options.type) {
      return Error{ErrorCode::invalid_argument, "there is no format " + flags.type};
    }
  }
  options.on_tensor = [](std::string_view tensor, std::size_t at, std::size_t of) {
    show_progress(std::to_string(at + 1) + "/" + std::to_string(of) + " " + std::string(tensor));
  };
  const Status status = llm::convert_directory(flags.from, to, options);
  show_progress("");
  if (status) std::cout << "Wrote " << to.string() << "\n";
  return status;
}

Status quantize(const Flags& flags) {
  const auto mix = llm::quantize_mix(flags.type);
  if (!mix) {
    std::string known;
    for (const std::string_view name : llm::quantize_mix_names()) known += " " + std::string(name);
    return Error{ErrorCode::invalid_argument,
                 "there is no format " + flags.type + "; there are:" + known};
  }
  std::optional<llm::ImportanceMatrix> importance;
  if (!flags.importance.empty()) {
    WY_TRY(importance, llm::ImportanceMatrix::read(flags.importance));
  }
  WY_TRY(const llm::Gguf file, llm::Gguf::open(model_path(flags)));
  compute::ThreadPool threads(flags.threads);
  llm::QuantizeOptions options;
  options.importance = importance ? &*importance : nullptr;
  options.on_tensor = [](std::string_view tensor, llm::TensorType from, llm::TensorType to) {
    show_progress(std::string(tensor) + ": " + std::string(name(from)) + " to " +
                  std::string(name(to)));
  };
  const Status status = llm::quantize_model(file, flags.out, *mix, threads, options);
  show_progress("");
  if (!status) return status;
  std::error_code error;
  const auto size = fs::file_size(flags.out, error);
  std::cout << "Wrote " << flags.out << ": " << in_units(static_cast<double>(file.size_bytes()))
            << " became " << in_units(static_cast<double>(size)) << "\n";
  return Done{};
}

Status measure(const Flags& flags) {
  WY_TRY(llm::Gguf file, llm::Gguf::open(model_path(flags)));
  WY_TRY(const std::string text, read_file(flags.text));
  compute::ThreadPool threads(flags.threads);
  llm::MeasureOptions options;
  options.on_chunk = [](std::size_t at, std::size_t of) {
    show_progress(std::to_string(at + 1) + "/" + std::to_string(of));
  };
  auto measured = llm::measure_importance(std::make_shared<const llm::Gguf>(std::move(file)), text,
                                          threads, options);
  show_progress("");
  if (!measured) return std::move(measured).error();
  WY_RETURN_IF_ERROR(measured->matrix.write(flags.out, fs::path(flags.text).filename().string(),
                                            static_cast<std::uint32_t>(measured->chunks),
                                            static_cast<std::uint32_t>(options.chunk_tokens)));
  std::cout << "Wrote " << flags.out << ": " << measured->matrix.size() << " matrices over "
            << measured->chunks * options.chunk_tokens << " tokens\n";
  return Done{};
}

json to_json(const llm::ModelReport& report) {
  json formats = json::object();
  for (const auto& [name, share] : report.formats) {
    formats[name] = {
        {"tensors", share.tensors}, {"elements", share.elements}, {"bytes", share.bytes}};
  }
  json metadata = json::object();
  for (const auto& [key, value] : report.metadata) metadata[key] = value;
  return {{"architecture", report.architecture},
          {"name", report.name},
          {"parameters", report.parameters},
          {"file_bytes", report.file_bytes},
          {"bits_per_parameter", report.bits_per_parameter()},
          {"formats", formats},
          {"metadata", metadata},
          {"problems", report.problems}};
}

void print_tensors(const llm::Gguf& file) {
  for (const auto& [key, view] : file.tensors()) {
    std::string shape;
    for (const std::uint64_t size : view.shape) {
      shape += (shape.empty() ? "" : " x ") + std::to_string(size);
    }
    std::cout << "  " << key << "  " << name(view.type) << "  " << shape << "  "
              << in_units(static_cast<double>(view.bytes.size())) << "\n";
  }
}

Status inspect(const Flags& flags) {
  WY_TRY(const llm::Gguf file, llm::Gguf::open(model_path(flags)));
  const llm::ModelReport report = llm::inspect_model(file);
  if (flags.json) {
    std::cout << to_json(report).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return Done{};
  }
  for (const auto& [key, value] : report.metadata) std::cout << key << " = " << value << "\n";
  std::cout << "\nTensors:\n";
  if (flags.all) print_tensors(file);
  for (const auto& [format, share] : report.formats) {
    std::cout << "  " << format << ": " << share.tensors << " tensors, " << share.elements
              << " numbers, " << in_units(static_cast<double>(share.bytes)) << "\n";
  }
  char bits[32];
  std::snprintf(bits, sizeof bits, "%.2f", report.bits_per_parameter());
  std::cout << "\n"
            << report.parameters << " parameters, " << bits << " bits each, "
            << in_units(static_cast<double>(report.file_bytes)) << "\n";
  if (report.problems.empty()) std::cout << "It can be run.\n";
  for (const std::string& problem : report.problems)
    std::cout << "Cannot be run: " << problem << "\n";
  return Done{};
}

Status estimate(const Flags& flags) {
  WY_TRY(const llm::Gguf file, llm::Gguf::open(model_path(flags)));
  std::optional<compute::KeyValueType> cache;
  if (!flags.cache.empty()) {
    WY_TRY(cache, llm::key_value_type(flags.cache));
  }
  const llm::MemoryEstimate need = llm::estimate_memory(file, flags.context, flags.users, cache);
  const std::int64_t free = llm::memory_available();
  const bool fits = need.total() <= free;
  if (flags.json) {
    const json value = {{"weights", need.weights},
                        {"cache_per_token", need.cache_per_token},
                        {"cache", need.cache},
                        {"work", need.work},
                        {"vocabulary", need.vocabulary},
                        {"total", need.total()},
                        {"free", free},
                        {"fits", fits}};
    std::cout << value.dump(2) << "\n";
    return Done{};
  }
  const auto line = [](const char* what, std::int64_t bytes) {
    std::cout << what << in_units(static_cast<double>(bytes)) << "\n";
  };
  line("weights            ", need.weights);
  line("keys and values    ", need.cache);
  std::cout << "                   " << need.cache_per_token << " bytes a token, " << flags.context
            << " tokens, " << flags.users << (flags.users == 1 ? " user\n" : " users\n");
  line("work               ", need.work);
  line("vocabulary         ", need.vocabulary);
  line("together           ", need.total());
  line("free               ", free);
  std::cout << (fits ? "It fits.\n" : "It does not fit.\n");
  return Done{};
}

using Work = Status (*)(const Flags&);

class Adder {
 public:
  Adder(CLI::App& model, int& exit_code) : model_(model), exit_code_(exit_code) {}

  // `describe` adds the options.
  void add(const char* name, const char* what, Work work,
           const std::function<void(CLI::App&, Flags&)>& describe) {
    auto flags = std::make_shared<Flags>();
    CLI::App* command = model_.add_subcommand(name, what);
    command->add_option("--models", flags->models, "The models directory")
        ->envname("WENYUAN_MODELS")
        ->capture_default_str();
    describe(*command, *flags);
    command->callback([flags, work, &exit_code = exit_code_] {
      const Status status = work(*flags);
      exit_code = status ? kExitGood : report(status.error());
    });
  }

 private:
  CLI::App& model_;
  int& exit_code_;
};

void add_threads(CLI::App& command, Flags& flags) {
  command.add_option("--threads", flags.threads, "Threads to work with")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}))
      ->capture_default_str();
}

}  // namespace

void add_model_files_commands(CLI::App& model, int& exit_code) {
  Adder adder(model, exit_code);
  adder.add("convert", "Make a GGUF file of a Hugging Face directory", convert,
            [](CLI::App& command, Flags& flags) {
              command.add_option("DIR", flags.from, "The directory")->required();
              command.add_option("--out", flags.out, "The file to write");
              command.add_option("--name", flags.name, "The model's name in the models directory");
              command.add_option("--type", flags.type, "f32, f16, bf16 or q8_0 (as it comes)");
              command.add_option("--pooling", flags.pooling, "Of an encoder that does not say it")
                  ->check(CLI::IsMember({"mean", "cls"}));
              command.add_option("--pre", flags.pretokenizer,
                                 "A known pre-tokenizer that cuts as this tokenizer does");
            });
  adder.add("quantize", "Write a model with smaller weights", quantize,
            [](CLI::App& command, Flags& flags) {
              command.add_option("IN", flags.from, "The model: a file, or a name")->required();
              command.add_option("OUT", flags.out, "The file to write")->required();
              command.add_option("--type", flags.type, "Q4_K_M, Q8_0, …")->required();
              command.add_option("--imatrix", flags.importance, "What `imatrix` has measured");
              add_threads(command, flags);
            });
  adder.add("imatrix", "Measure on a text which weights matter", measure,
            [](CLI::App& command, Flags& flags) {
              command.add_option("MODEL", flags.from, "The model: a file, or a name")->required();
              command.add_option("TEXT", flags.text, "A text file")->required();
              command.add_option("--out", flags.out, "The file to write")->required();
              add_threads(command, flags);
            });
  adder.add("inspect", "What is in a model file, and whether it can be run", inspect,
            [](CLI::App& command, Flags& flags) {
              command.add_option("FILE", flags.from, "The model: a file, or a name")->required();
              command.add_flag("--tensors", flags.all, "List every tensor");
              command.add_flag("--json", flags.json, "Print JSON");
            });
  adder.add("estimate", "How much memory a model will need", estimate,
            [](CLI::App& command, Flags& flags) {
              command.add_option("FILE", flags.from, "The model: a file, or a name")->required();
              command.add_option("--context", flags.context, "Tokens of each user")
                  ->check(CLI::Range(1, 1 << 24))
                  ->capture_default_str();
              command.add_option("--users", flags.users, "Users at the same time")
                  ->check(CLI::Range(1, 1 << 16))
                  ->capture_default_str();
              command.add_option("--cache", flags.cache, "Keys and values: f16 or q8_0");
              command.add_flag("--json", flags.json, "Print JSON");
            });
}

}  // namespace wenyuan::app
