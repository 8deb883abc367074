// wenyuan export and import: a collection as one file.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "app/command.h"
#include "app/ingest_command.h"
#include "app/remote.h"
#include "base/file.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kPackSizeMax = std::size_t{16} << 30;

struct PackFlags {
  RemoteFlags remote;
  std::string collection, file;
};

Result<std::string> pack_path(const Remote& remote, const std::string& collection) {
  WY_TRY(const std::string id, find_collection(remote, collection));
  if (id.empty()) return Error{ErrorCode::not_found, "there is no collection called " + collection};
  return "/v1/collections/" + id + "/pack";
}

Status export_pack(const PackFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const std::string path, pack_path(remote, flags.collection));
  // Under another name until it is whole.
  const fs::path part = flags.file + ".part";
  std::ofstream output(part, std::ios::binary | std::ios::trunc);
  if (!output) return Error{ErrorCode::unavailable, "cannot write " + part.string()};
  std::uintmax_t size = 0;
  const auto reply = remote.http().stream(
      {.method = "GET", .path = path, .body = ""}, [&](std::string_view bytes) {
        size += bytes.size();
        output.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return output.good();
      });
  output.close();
  std::error_code failed;
  Status done = !reply                 ? Status(reply.error())
                : reply->status != 200 ? Status(problem_of(*reply))
                : !output.good()
                    ? Status(Error{ErrorCode::unavailable, "cannot write " + flags.file})
                    : Status(Done{});
  if (done) {
    fs::rename(part, flags.file, failed);
    if (failed) done = Error{ErrorCode::unavailable, "cannot write " + flags.file};
  }
  if (!done) {
    fs::remove(part, failed);
    return done;
  }
  std::cout << flags.file << ": " << size << " bytes\n";
  return Done{};
}

Status import_pack(const PackFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const std::string path, pack_path(remote, flags.collection));
  WY_TRY(const std::string bytes, read_file(flags.file, kPackSizeMax));
  WY_TRY(const json taken, remote.post(path, bytes, "application/x-tar"));
  if (flags.remote.json) {
    std::cout << taken.dump(2) << "\n";
    return Done{};
  }
  std::cout << taken.value("documents", 0) << " documents, " << taken.value("duplicates", 0)
            << " of them were there already; signed by " << taken.value("signed_by", "") << "\n";
  if (!taken.value("vectors_kept", false)) {
    std::cout
        << "Another embedding model made its vectors: they are made anew in the background.\n";
  }
  return Done{};
}

using Work = Status (*)(const PackFlags&);

void add_pack(CLI::App& app, int& exit_code, const std::string& name, const std::string& what,
              Work work) {
  auto flags = std::make_shared<PackFlags>();
  CLI::App* command = app.add_subcommand(name, what);
  add_remote_flags(*command, flags->remote);
  command->add_option("FILE", flags->file, "The pack (.kbpack)")->required();
  command->add_option("--collection", flags->collection, "Name or id of the collection")
      ->required();
  command->callback([flags, work, &exit_code] {
    const Status status = work(*flags);
    exit_code = status ? kExitGood : report(status.error());
  });
}

}  // namespace

void add_pack_commands(CLI::App& app, int& exit_code) {
  add_pack(app, exit_code, "export", "Write a collection into one signed file", export_pack);
  add_pack(app, exit_code, "import", "Take the documents of such a file into a collection",
           import_pack);
}

}  // namespace wenyuan::app
