// A store with collections and documents, and permits for them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "store/content_store.h"
#include "store/database.h"
#include "store/digest.h"
#include "tests/fakes/permit_maker.h"
#include "tests/store/temporary_directory.h"

namespace wenyuan::store {

inline std::string sha256_of(std::string_view content) {
  DigestWriter digest;
  digest.add(content);
  return to_hex(digest.finish());
}

class ContentFixture : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    database.reset();
    auto opened = Database::open({.directory = home.path()});
    ASSERT_TRUE(opened) << opened.error().message;
    database = *std::move(opened);
  }

  template <class Work>
  auto write(Work work) {
    return database->write(work);
  }
  template <class Work>
  auto read(Work work) {
    return database->read(work);
  }

  // A permit of now, for every label and collection of these collections.
  Permit permit(Action action, std::vector<std::string> collection_ids) {
    std::vector<LabelId> open;
    for (const Label& label : all_labels()) {
      for (const std::string& id : collection_ids) {
        if (label.collection_id == id) open.push_back(label.id);
      }
    }
    return auth::PolicyEngine::make("usr_a", action, database->epoch(), std::move(open),
                                    std::move(collection_ids));
  }

  std::vector<Label> all_labels() {
    auto found = read([](Snapshot& snapshot) { return labels(snapshot); });
    EXPECT_TRUE(found);
    return found ? *found : std::vector<Label>();
  }

  void add_collection(const std::string& id, const Attributes& attributes = {}) {
    const Collection collection{.id = id,
                                .name = "Collection " + id,
                                .kind = CollectionKind::organization,
                                .owner_id = "usr_a",
                                .attributes = attributes,
                                .created_at = 1,
                                .updated_at = 1};
    const Status added =
        write([&](Transaction& tx) { return store::add_collection(tx, collection); });
    ASSERT_TRUE(added) << added.error().message;
  }

  Result<Added> try_add(const NewDocument& document) {
    const Permit open = permit(Action::write, {document.collection_id});
    return write([&](Transaction& tx) { return add_document(tx, open, document, access, ++now); });
  }

  NewDocument described(const std::string& collection_id, const std::string& content) {
    return {.collection_id = collection_id,
            .title = "Title of " + content,
            .media_type = "text/plain",
            .blob_sha256 = sha256_of(content),
            .size_bytes = static_cast<std::int64_t>(content.size()),
            .user_id = "usr_a"};
  }

  Document add(const std::string& collection_id, const std::string& content,
               const Attributes& attributes = {}, const std::string& external_id = "") {
    NewDocument wanted = described(collection_id, content);
    wanted.attributes = attributes;
    wanted.external_id = external_id;
    auto added = try_add(wanted);
    EXPECT_TRUE(added) << added.error().message;
    return added ? added->document : Document();
  }

  // One chunk for each line, with the vector (1, 0, 0).
  Processed processed(const std::string& text, std::int64_t version = 0) {
    Processed result{.version = version, .media_type = "text/markdown", .title = "Its own title"};
    result.text = text;
    result.embedding_model = "test";
    std::int64_t at = 0;
    for (const std::string_view line : split(text, '\n')) {
      Chunk chunk;
      chunk.text = line;
      chunk.location.char_start = at;
      chunk.location.char_end = at + static_cast<std::int64_t>(code_point_count(line));
      chunk.location.heading_path = {"Part", "Section"};
      chunk.sections = {{0, {"Part", "Section", "Begin"}}, {2, {"Part", "Section", "End"}}};
      chunk.location.boxes = {{.page = 2, .x0 = 0.25F, .y0 = 0.5F, .x1 = 0.75F, .y1 = 1}};
      chunk.location.page = 2;
      chunk.vector = {1, 0, 0};
      at = chunk.location.char_end + 1;
      result.chunks.push_back(std::move(chunk));
    }
    return result;
  }

  void finish(const std::string& document_id, const std::string& text, std::int64_t version = 0) {
    const Status finished = write([&](Transaction& tx) {
      return finish_document(tx, document_id, processed(text, version), ++now);
    });
    ASSERT_TRUE(finished) << finished.error().message;
  }

  Document get(const std::string& id) {
    auto found = read([&](Snapshot& snapshot) { return document_for_ingest(snapshot, id); });
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Document();
  }

  // The texts that an index would hold for this label, from the replay log.
  std::vector<std::string> replayed(LabelId label) {
    std::vector<std::string> texts;
    const Status done = read([&](Snapshot& snapshot) -> Status {
      std::map<ChunkId, std::string> held;
      CommitNumber applied = 0;
      for (;;) {
        WY_TRY(const auto batch, changes(snapshot, label, applied, 2));
        if (batch.empty()) break;
        for (const Change& change : batch) {
          applied = change.commit;
          if (!change.added) {
            for (ChunkId id = change.first_chunk; id <= change.last_chunk; ++id) held.erase(id);
            continue;
          }
          WY_TRY(const auto found,
                 chunks_for_index(snapshot, label, {change.first_chunk, change.last_chunk, 1000},
                                  "test"));
          for (const Chunk& chunk : found) held[chunk.id] = chunk.text;
        }
      }
      WY_TRY(const CommitNumber last, last_change(snapshot, label));
      EXPECT_EQ(applied, last);
      for (const auto& [id, text] : held) texts.push_back(text);
      return Done{};
    });
    EXPECT_TRUE(done) << done.error().message;
    return texts;
  }

  std::int64_t count_of(const std::string& table) {
    return *read([&](Snapshot& snapshot) -> Result<std::int64_t> {
      WY_TRY(auto statement, snapshot.prepare("SELECT count(*) FROM " + table));
      WY_RETURN_IF_ERROR(statement.step());
      return statement.integer(0);
    });
  }

  const AccessAttributes access = {"department", "sensitivity"};
  TemporaryDirectory home;
  std::unique_ptr<Database> database;
  UnixMillis now = 1'000'000;
};

}  // namespace wenyuan::store
