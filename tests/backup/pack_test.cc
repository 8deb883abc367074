#include "backup/pack.h"

#include <cmath>

#include "backup/pack_store.h"
#include "store/job_store.h"
#include "store/late_vectors.h"
#include "tests/backup/backup_fixture.h"

namespace wenyuan::backup {
namespace {

ReadBytes reading(const std::string& bytes) {
  return [&bytes](std::int64_t offset, std::size_t size) -> Result<std::string> {
    if (offset < 0 || static_cast<std::size_t>(offset) > bytes.size()) return std::string();
    return bytes.substr(static_cast<std::size_t>(offset), size);
  };
}

class Pack : public BackupFixture {
 protected:
  void SetUp() override {
    BackupFixture::SetUp();
    auto opened = audit::SigningKey::open(home.path() / "audit.key", home.path() / "audit.pub");
    ASSERT_TRUE(opened);
    key = std::make_unique<audit::SigningKey>(*std::move(opened));
  }

  std::string write_pack(const std::string& collection_id) {
    std::string bytes;
    PackWriter writer([&](std::string_view piece) {
      bytes += piece;
      return true;
    });
    const Permit open = permit(Action::read, {collection_id});
    const auto listed = read([&](store::Snapshot& snapshot) {
      return documents(snapshot, open, {.collection_id = collection_id}, {});
    });
    EXPECT_TRUE(listed);
    for (const Document& each : listed->items) {
      const auto made = read([&](store::Snapshot& snapshot) {
        return read_for_pack(snapshot, open, each.id, "test");
      });
      EXPECT_TRUE(made) << made.error().message;
      const Status added = writer.add(made->document, [&](std::size_t version) {
        return blobs->get(made->originals[version]);
      });
      EXPECT_TRUE(added) << added.error().message;
    }
    PackHead head;
    head.origin = database->store_id();
    head.name = "A collection";
    head.created_at = clock.now();
    head.model = {"test", 3, ""};
    EXPECT_TRUE(writer.finish(head, *key));
    return bytes;
  }

  // Takes everything into `collection_id`; the ids it got.
  std::vector<store::Added> take(const std::string& bytes, const std::string& collection_id,
                                 const std::string& model) {
    std::vector<store::Added> taken;
    const auto pack = PackReader::open(reading(bytes), static_cast<std::int64_t>(bytes.size()), {});
    EXPECT_TRUE(pack) << pack.error().message;
    for (std::int64_t n = 0; pack && n < pack->head().document_count; ++n) {
      const auto document = pack->document(n);
      EXPECT_TRUE(document) << document.error().message;
      FromPack from{collection_id, "usr_b", &*document, {}, model};
      for (std::size_t version = 0; version < document->versions.size(); ++version) {
        from.originals.push_back(*blobs->put(*pack->original(n, version), 1 << 20));
      }
      const Permit open = permit(Action::write, {collection_id});
      auto added = write([&](store::Transaction& tx) {
        return take_from_pack(tx, open, from, access, clock.now());
      });
      EXPECT_TRUE(added) << added.error().message;
      if (added) taken.push_back(*std::move(added));
    }
    return taken;
  }

  std::string complaint(const std::string& bytes) {
    auto pack = PackReader::open(reading(bytes), static_cast<std::int64_t>(bytes.size()), {});
    for (std::int64_t n = 0; pack && n < pack->head().document_count; ++n) {
      const auto document = pack->document(n);
      if (!document) return document.error().message;
    }
    return pack ? "" : pack.error().message;
  }

  PackDocument as_packed(const std::string& id, const std::string& collection_id) {
    const Permit open = permit(Action::read, {collection_id});
    const auto made =
        read([&](store::Snapshot& snapshot) { return read_for_pack(snapshot, open, id, "test"); });
    EXPECT_TRUE(made);
    return made ? made->document : PackDocument();
  }

  std::unique_ptr<audit::SigningKey> key;
};

TEST_F(Pack, CarriesTextChunksVectorsAttributesVersionsAndOriginals) {
  const std::string contents[] = {"old content", "one\ntwo 中文\nthree", "other"};
  for (const std::string& each : contents) ASSERT_TRUE(blobs->put(each, 100));
  const Document first = add("col_a", contents[0], {{"department", "pumps"}}, "ext-1");
  finish(first.id, contents[0]);
  add("col_a", contents[1], {{"department", "pumps"}}, "ext-1");
  finish(first.id, contents[1]);
  const Document second = add("col_a", contents[2]);
  finish(second.id, contents[2]);
  add_collection("col_b");
  const auto taken = take(write_pack("col_a"), "col_b", "test");
  ASSERT_EQ(taken.size(), 2U);
  const Document copy = get(taken[0].document.id);
  EXPECT_NE(copy.id, first.id);
  EXPECT_EQ(copy.version, 2);
  EXPECT_EQ(copy.state, DocumentState::ready);
  EXPECT_EQ(copy.attributes, get(first.id).attributes);
  EXPECT_EQ(copy.title, get(first.id).title);
  const PackDocument before = as_packed(first.id, "col_a");
  const PackDocument after = as_packed(copy.id, "col_b");
  EXPECT_EQ(after.text, contents[1]);
  EXPECT_EQ(encode_pack_chunks(after.chunks), encode_pack_chunks(before.chunks));
  EXPECT_EQ(after.chunks.front().vector, (std::vector<float>{1, 0, 0}));
  ASSERT_EQ(after.versions.size(), 2U);
  // The pack has the text of the newest version alone: that of the older one is read from its
  // original.
  EXPECT_EQ(*read([](store::Snapshot& s) { return store::upload_waits(s); }), true);
}

TEST_F(Pack, CarriesWhenVersionsHold) {
  ASSERT_TRUE(blobs->put("one", 100));
  ASSERT_TRUE(blobs->put("two", 100));
  store::NewDocument wanted = described("col_a", "one");
  wanted.external_id = "ext-1";
  wanted.effective_from = 100;
  wanted.effective_until = 200;
  const Document first = try_add(wanted)->document;
  wanted.blob_sha256 = store::sha256_of("two");
  wanted.effective_from = 150;
  wanted.effective_until.reset();
  ASSERT_TRUE(try_add(wanted));
  finish(first.id, "two");
  add_collection("col_b");
  const auto taken = take(write_pack("col_a"), "col_b", "test");
  ASSERT_EQ(taken.size(), 1U);
  const PackDocument copy = as_packed(taken[0].document.id, "col_b");
  ASSERT_EQ(copy.versions.size(), 2U);
  EXPECT_EQ(copy.versions[0].effective_from, 100);
  EXPECT_EQ(copy.versions[0].effective_until, 200);
  EXPECT_EQ(copy.versions[1].effective_from, 150);
  EXPECT_EQ(copy.versions[1].effective_until, std::nullopt);
}

TEST_F(Pack, WithAnotherModelLeavesTheVectorsToBeMade) {
  put("content");
  add_collection("col_b");
  const auto taken = take(write_pack("col_a"), "col_b", "");
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(as_packed(taken[0].document.id, "col_b").chunks.front().vector.empty());
  EXPECT_EQ(*read([](store::Snapshot& s) { return store::unembedded_count(s, "other"); }), 2);
  EXPECT_TRUE(same_model({"a", 3, ""}, {"a", 3, "12"}));
  EXPECT_FALSE(same_model({"a", 3, "34"}, {"a", 3, "12"}));
  EXPECT_FALSE(same_model({"a", 4, ""}, {"a", 3, ""}));
  EXPECT_FALSE(same_model({"", 0, ""}, {"", 0, ""}));
}

TEST_F(Pack, TakenTwiceIsThereOnce) {
  put("one");
  ASSERT_TRUE(blobs->put("v1", 9) && blobs->put("v2", 9));
  finish(add("col_a", "v1", {}, "ext").id, "v1");
  finish(add("col_a", "v2", {}, "ext").id, "v2");
  const std::string pack = write_pack("col_a");
  add_collection("col_b");
  take(pack, "col_b", "test");
  const std::int64_t count = count_of("document_versions");
  for (const store::Added& each : take(pack, "col_b", "test")) EXPECT_TRUE(each.duplicate);
  EXPECT_EQ(count_of("document_versions"), count);
}

TEST_F(Pack, OfADocumentThatWaitsHasItsOriginalAndGetsAJob) {
  ASSERT_TRUE(blobs->put("waits", 9));
  add("col_a", "waits");
  add_collection("col_b");
  const auto taken = take(write_pack("col_a"), "col_b", "test");
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(get(taken[0].document.id).state, DocumentState::queued);
}

TEST_F(Pack, WithAnyByteChangedOrCutOffIsRefused) {
  put("one\ntwo");
  const std::string good = write_pack("col_a");
  EXPECT_EQ(complaint(good), "");
  for (std::size_t at = 0; at < good.size(); at += 97) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    EXPECT_NE(complaint(bad), "") << at;
  }
  for (std::size_t size = 0; size < good.size(); size += 512) {
    EXPECT_NE(complaint(good.substr(0, size)), "") << size;
  }
  EXPECT_NE(complaint(good + std::string(512, '\0')), "");
}

TEST_F(Pack, OverALimitIsRefused) {
  put("one");
  const std::string pack = write_pack("col_a");
  const auto size = static_cast<std::int64_t>(pack.size());
  PackLimits limits;
  limits.original_max = 2;
  EXPECT_EQ(PackReader::open(reading(pack), size, limits).error().code, ErrorCode::too_large);
  limits = {};
  limits.document_max = 0;
  EXPECT_EQ(PackReader::open(reading(pack), size, limits).error().code, ErrorCode::too_large);
}

TEST(Tar, RefusesNamesThatLeadElsewhere) {
  for (const char* const name :
       {"", "/etc/passwd", "a/../b", "..", "a//b", "a/", ".hidden", "a b", "a\\b", "C:x", "a\n"}) {
    EXPECT_FALSE(is_tar_name(name)) << name;
  }
  EXPECT_FALSE(is_tar_name(std::string(100, 'a')));
  EXPECT_TRUE(is_tar_name("documents/0000001/original-1"));
}

TEST(Tar, RefusesLinksFoldersAndOtherForms) {
  for (const char kind : {'1', '2', '5', 'L', 'x'}) {
    std::string bytes = tar_header("a", 0);
    bytes[156] = kind;
    bytes += tar_end();
    EXPECT_FALSE(TarReader(reading(bytes), 2048).next()) << kind;
  }
}

TEST(PackChunks, RefuseVectorsThatAreNotOfUnitLength) {
  Chunk chunk;
  chunk.location.char_end = 3;
  for (const std::vector<float>& vector :
       {std::vector<float>{2, 0, 0}, {NAN, 0, 0}, {INFINITY, 0, 0}, {1, 0}}) {
    chunk.vector = vector;
    EXPECT_FALSE(decode_pack_chunks(encode_pack_chunks({chunk}), "abc", 3));
  }
  chunk.vector = {0.6F, 0.8F, 0};
  EXPECT_TRUE(decode_pack_chunks(encode_pack_chunks({chunk}), "abc", 3));
  EXPECT_FALSE(decode_pack_chunks(encode_pack_chunks({chunk}), "ab", 3));
}

}  // namespace
}  // namespace wenyuan::backup
