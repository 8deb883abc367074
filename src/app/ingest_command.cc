#include "app/ingest_command.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "app/command.h"
#include "base/file.h"
#include "base/id.h"
#include "base/sha256.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;
constexpr std::chrono::milliseconds kPollPause{200};

struct IngestFlags {
  RemoteFlags remote;
  std::vector<std::string> paths;
  std::string collection;
  bool organization = false;
  bool wait = true;
};

struct Uploaded {
  std::string path;
  std::string document_id;
  std::string state;
  std::string error;
};

// Files of all paths; folders are walked, hidden files left out.
Result<std::vector<fs::path>> files_of(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
      files.emplace_back(path);
      continue;
    }
    if (!fs::is_directory(path, error)) {
      return Error{ErrorCode::invalid_argument, path + " is neither a file nor a folder"};
    }
    for (auto it = fs::recursive_directory_iterator(path, error), end = fs::end(it); it != end;
         it.increment(error)) {
      if (error) return Error{ErrorCode::internal, path + ": " + error.message()};
      const bool hidden = it->path().filename().string().starts_with('.');
      if (hidden && it->is_directory(error)) it.disable_recursion_pending();
      if (!hidden && it->is_regular_file(error)) files.push_back(it->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::string> find_or_make_collection(const Remote& remote, const IngestFlags& flags) {
  WY_TRY(const std::string id, find_collection(remote, flags.collection));
  if (!id.empty()) return id;
  WY_TRY(const json made,
         remote.post("/v1/collections",
                     json{{"name", flags.collection},
                          {"kind", flags.organization ? "organization" : "personal"}}));
  return made.value("id", "");
}

std::string quoted_name(const fs::path& file) {
  std::string name;
  for (const char c : file.filename().string()) {
    if (c == '"' || c == '\\') name += '\\';
    if (c != '\r' && c != '\n') name += c;
  }
  return name;
}

Result<Uploaded> upload(const Remote& remote, const std::string& collection_id,
                        const fs::path& file) {
  WY_TRY(const std::string content, read_file(file, kFileSizeMax));
  const std::string boundary = new_id("boundary");
  // The path makes the document's external id, so that the same file again is a new version and not
  // a copy. Its hash does: external ids lie in the open, and names of files say what is in them.
  const std::string path = collection_id + "\n" + file.lexically_normal().string();
  const json metadata = {{"external_id", "path-" + sha256_hex(path)}};
  std::string body = "--" + boundary +
                     "\r\nContent-Disposition: form-data; name=\"metadata\"\r\n"
                     "Content-Type: application/json\r\n\r\n" +
                     metadata.dump(-1, ' ', false, json::error_handler_t::replace) + "\r\n--" +
                     boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                     quoted_name(file) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n";
  body += content;
  body += "\r\n--" + boundary + "--\r\n";
  WY_TRY(const json answer,
         remote.post("/v1/collections/" + percent_encoded(collection_id) + "/documents", body,
                     "multipart/form-data; boundary=" + boundary));
  const json& document = answer.at("documents").at(0);
  return Uploaded{file.string(), document.value("id", ""), document.value("state", ""), ""};
}

bool is_open(const Uploaded& document) {
  return document.state != "ready" && document.state != "failed";
}

void show_progress(std::size_t done, std::size_t total) {
  if (::isatty(STDOUT_FILENO) == 0) return;
  constexpr std::size_t kWidth = 30;
  const std::size_t filled = total == 0 ? kWidth : kWidth * done / total;
  std::cout << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] "
            << done << "/" << total << std::flush;
  if (done == total) std::cout << "\n";
}

Status wait_for_all(const Remote& remote, std::vector<Uploaded>& documents) {
  for (;;) {
    for (Uploaded& each : documents) {
      if (!is_open(each)) continue;
      WY_TRY(const json now, remote.get("/v1/documents/" + percent_encoded(each.document_id)));
      each.state = now.value("state", "");
      if (now.contains("error") && now["error"].is_string()) each.error = now["error"];
      if (is_open(each)) break;  // jobs run in order: the ones behind are not further
    }
    const auto open =
        static_cast<std::size_t>(std::count_if(documents.begin(), documents.end(), is_open));
    show_progress(documents.size() - open, documents.size());
    if (open == 0) return Done{};
    std::this_thread::sleep_for(kPollPause);
  }
}

int show(const std::vector<Uploaded>& documents, bool as_json) {
  json list = json::array();
  bool good = true;
  for (const Uploaded& each : documents) {
    good = good && each.state != "failed";
    list.push_back({{"path", each.path},
                    {"id", each.document_id},
                    {"state", each.state},
                    {"error", each.error}});
    if (!as_json) {
      std::cout << "  " << each.state << "  " << each.path
                << (each.error.empty() ? "" : "  (" + each.error + ")") << "\n";
    }
  }
  if (as_json) std::cout << json{{"documents", list}}.dump(2) << "\n";
  return good ? kExitGood : kExitFailed;
}

Result<int> ingest(const IngestFlags& flags) {
  WY_TRY(const std::vector<fs::path> files, files_of(flags.paths));
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const std::string collection_id, find_or_make_collection(remote, flags));
  std::vector<Uploaded> documents;
  for (const fs::path& file : files) {
    auto document = upload(remote, collection_id, file);
    // One bad file must not keep the others out; a server that is gone ends it all.
    if (!document && document.error().code == ErrorCode::unavailable) return document.error();
    documents.push_back(document ? std::move(*document)
                                 : Uploaded{file.string(), "", "failed", document.error().message});
  }
  if (flags.wait) WY_RETURN_IF_ERROR(wait_for_all(remote, documents));
  return show(documents, flags.remote.json);
}

}  // namespace

Result<std::string> find_collection(const Remote& remote, const std::string& name) {
  std::string cursor;
  do {
    WY_TRY(const json page,
           remote.get("/v1/collections?limit=200" +
                      (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))));
    for (const json& each : page.at("data")) {
      if (each.value("name", "") == name || each.value("id", "") == name)
        return each.value("id", "");
    }
    const json& next = page.at("next_cursor");
    cursor = next.is_string() ? next.get<std::string>() : "";
  } while (!cursor.empty());
  return std::string();
}

void add_ingest_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<IngestFlags>();
  CLI::App* command =
      app.add_subcommand("ingest", "Add files and folders to a collection, and wait for them");
  add_remote_flags(*command, flags->remote);
  command->add_option("PATH", flags->paths, "Files and folders")->required();
  command->add_option("--collection", flags->collection, "Name or id; made when there is none")
      ->required();
  command->add_flag("--organization", flags->organization,
                    "Make it a collection of the organisation, not a personal one");
  command->add_flag("!--no-wait", flags->wait, "Return when the files are uploaded");
  command->callback([flags, &exit_code] {
    const auto code = ingest(*flags);
    exit_code = code ? *code : report(code.error());
  });
}

}  // namespace wenyuan::app
