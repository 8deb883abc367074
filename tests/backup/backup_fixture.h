// A store whose every commit is remembered, and a directory that its backup goes to.
#pragma once

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "audit/checkpoint.h"
#include "audit/log.h"
#include "backup/directory.h"
#include "backup/replica.h"
#include "backup/shipper.h"
#include "base/file.h"
#include "base/sha256.h"
#include "store/blob_store.h"
#include "store/key_ring.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::backup {

namespace fs = std::filesystem;

class BackupFixture : public store::ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    auto opened = store::BlobStore::open(home.path() / "blobs", database->keys().files());
    ASSERT_TRUE(opened);
    blobs = std::make_unique<store::BlobStore>(*std::move(opened));
    auto made = audit::Checkpointer::open(*database, {.directory = home.path(), .sinks = {}});
    ASSERT_TRUE(made) << made.error().message;
    checkpointer = *std::move(made);
    add_collection("col_a");
  }
  void TearDown() override { shipper.reset(); }

  void start(Shipper::Options options = {}) {
    shipper.reset();
    options.data = home.path();
    auto opened = Shipper::open(*database, clock, open_directory(backup.path()), options);
    ASSERT_TRUE(opened) << opened.error().message;
    shipper = *std::move(opened);
    ship();
  }
  void ship() {
    const Status shipped = shipper->ship();
    ASSERT_TRUE(shipped) << shipped.error().message;
  }

  // One document with its original, and a record of it.
  Document put(const std::string& content) {
    clock.advance(std::chrono::milliseconds(1000));
    const auto blob = blobs->put(content, 1 << 20);
    EXPECT_TRUE(blob);
    const Document document = add("col_a", content);
    finish(document.id, content);
    audit::Event event;
    event.action = "document.add";
    event.object_id = document.id;
    EXPECT_TRUE(write([&](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(audit::append(tx, event, clock.now()));
      return Done{};
    }));
    return document;
  }

  // The titles of all documents, which tell what has been committed.
  static std::vector<std::string> titles(store::Database& of) {
    auto found = of.read([](store::Snapshot& snapshot) -> Result<std::vector<std::string>> {
      WY_TRY(auto statement, snapshot.prepare("SELECT id FROM documents ORDER BY number"));
      std::vector<std::string> all;
      for (;;) {
        WY_TRY(const bool row, statement.step());
        if (!row) return all;
        WY_TRY(const Document document, store::document_for_ingest(snapshot, statement.text(0)));
        all.push_back(document.title);
      }
    });
    EXPECT_TRUE(found);
    return found ? *found : std::vector<std::string>();
  }

  Result<Replica> open_replica(const fs::path& to, const std::string& generation = {}) {
    return Replica::open(open_directory(backup.path()), {to, {}, generation});
  }

  // Keys never lie in a backup.
  void bring_keys(const fs::path& to) const {
    fs::copy(home.path() / kKeyFolder, to / kKeyFolder,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }

  // What went wrong; empty when the directory is a whole store now.
  std::string restore(const fs::path& to, const Target& wanted = {},
                      const std::string& generation = {}) {
    auto replica = open_replica(to, generation);
    if (!replica) return replica.error().message;
    if (const Status reached = replica->catch_up(wanted); !reached) return reached.error().message;
    bring_keys(to);
    const auto finished = replica->finish(false);
    if (!finished) return finished.error().message;
    return finished->problems.empty() ? "" : finished->problems.front();
  }

  std::vector<std::string> restored_titles(const fs::path& to) {
    auto opened = store::Database::open({.directory = to});
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? titles(**opened) : std::vector<std::string>();
  }

  fs::path segment(std::int64_t number) {
    return backup.path() / segment_name(shipper->state().generation, number);
  }
  std::vector<std::string> generations() {
    const auto place = open_directory(backup.path());
    const auto found = Folder(*place).generations();
    EXPECT_TRUE(found);
    return found ? *found : std::vector<std::string>();
  }
  // Where an original of the store lies in the backup.
  fs::path backed_up(const std::string& content) {
    const std::string name = store::sha256_of(content);
    const auto bytes = sha256_hex_of_file(original_path(home.path() / "blobs", name));
    EXPECT_TRUE(bytes);
    return backup.path() / original_name({name, bytes ? *bytes : "", 0});
  }

  ManualClock clock{1'800'000'000'000};
  store::TemporaryDirectory backup, target;
  std::unique_ptr<store::BlobStore> blobs;
  std::unique_ptr<audit::Checkpointer> checkpointer;
  std::unique_ptr<Shipper> shipper;
};

}  // namespace wenyuan::backup
