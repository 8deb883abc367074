// What encryption costs: the same rows plain, with sealed fields, and under an encrypting VFS; then
// the store and the indexes as they are.
//
//   encryption_bench [FOLDER [CHUNKS]]
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>

#include "base/id.h"
#include "base/text.h"
#include "bench/page_vfs.h"
#include "index/compartments.h"
#include "store/blob_store.h"
#include "store/content_store.h"
#include "store/digest.h"
#include "store/document_keys.h"
#include "store/key_ring.h"
#include "store/key_rotation.h"
#include "tests/fakes/permit_maker.h"

namespace wenyuan::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kChunksOfDocument = 100;
constexpr std::size_t kVectorSize = 384;
constexpr int kReads = 2000;
constexpr int kHits = 20;  // chunks that a search reads

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}
double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

class Words {
 public:
  std::string text(int count) {
    std::string words;
    // Zipf's law, about.
    std::uniform_real_distribution<double> where(0, 1);
    for (int i = 0; i < count; ++i) {
      const double at = where(random);
      words += "word" + std::to_string(static_cast<int>(at * at * at * 20'000)) + " ";
    }
    return words;
  }
  std::vector<float> vector() {
    std::normal_distribution<float> value;
    std::vector<float> made(kVectorSize);
    for (float& x : made) x = value(random) / 20;
    return made;
  }
  std::mt19937 random{7};
};

class Rows {
 public:
  Rows(const fs::path& file, const char* vfs, bool sealed) : sealed_(sealed) {
    WY_ASSERT(sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              vfs) == SQLITE_OK);
    int reserved = vfs == nullptr ? 0 : kReservedBytes;
    if (vfs != nullptr) {
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    }
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
        "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8000");
    run("CREATE TABLE chunks (id INTEGER PRIMARY KEY, document INTEGER, ordinal INTEGER, "
        "content BLOB, vector BLOB)");
  }
  ~Rows() { sqlite3_close_v2(db_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void add_document(int number, const std::vector<std::string>& texts) {
    const store::DocumentKey key = key_of(number);
    run("BEGIN IMMEDIATE");
    sqlite3_stmt* insert = prepare(
        "INSERT INTO chunks (document, ordinal, content, vector) "
        "VALUES (?, ?, ?, ?)");
    const std::string vector(2 * kVectorSize, 'v');
    for (int ordinal = 0; ordinal < static_cast<int>(texts.size()); ++ordinal) {
      const std::string& text = texts[static_cast<std::size_t>(ordinal)];
      const std::string content = sealed_ ? key.seal({"chunk", 1, ordinal}, text) : text;
      const std::string numbers = sealed_ ? key.seal({"vector", 1, ordinal}, vector) : vector;
      sqlite3_bind_int(insert, 1, number);
      sqlite3_bind_int(insert, 2, ordinal);
      sqlite3_bind_blob64(insert, 3, content.data(), content.size(), SQLITE_TRANSIENT);  // NOLINT
      sqlite3_bind_blob64(insert, 4, numbers.data(), numbers.size(), SQLITE_TRANSIENT);  // NOLINT
      WY_ASSERT(sqlite3_step(insert) == SQLITE_DONE);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
  }
  // As a search does: some chunks of as many documents.
  double read(std::mt19937& random, int chunks) {
    if (select_ == nullptr) {
      select_ = prepare("SELECT document, ordinal, content FROM chunks WHERE id = ?");
    }
    const auto begin = Clock::now();
    std::size_t bytes = 0;
    for (int i = 0; i < kHits; ++i) {
      sqlite3_bind_int(select_, 1, 1 + static_cast<int>(random() % static_cast<unsigned>(chunks)));
      WY_ASSERT(sqlite3_step(select_) == SQLITE_ROW);
      const auto* const data = static_cast<const std::uint8_t*>(sqlite3_column_blob(select_, 2));
      const std::span content(data, static_cast<std::size_t>(sqlite3_column_bytes(select_, 2)));
      if (sealed_) {
        const store::DocumentKey key = key_of(sqlite3_column_int(select_, 0));
        bytes += key.open({"chunk", 1, sqlite3_column_int(select_, 1)}, content)->size();
      } else {
        bytes += content.size();
      }
      sqlite3_reset(select_);
    }
    WY_ASSERT(bytes > 0);
    return milliseconds(begin);
  }
  void end() {
    sqlite3_finalize(select_);
    select_ = nullptr;
  }

 private:
  // The work of opening one: two keys unwrapped, one derived.
  static store::DocumentKey key_of(int number) {
    static const store::CipherKey master{9};
    static const std::string wrapped = store::seal(master, store::view(master), "b");
    const auto collection = store::unseal_key(master, wrapped, "b");
    const store::CipherKey wrapping =
        store::derive_key(store::view(*collection), "document " + std::to_string(number));
    WY_ASSERT(store::unseal_key(master, wrapped, "b"));
    return {"doc_" + std::to_string(number), wrapping};
  }
  void run(const char* sql) {
    WY_ASSERT(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    WY_ASSERT(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) == SQLITE_OK);
    return statement;
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
  bool sealed_;
};

void measure_rows(const fs::path& folder, const char* name, const char* vfs, bool sealed,
                  int chunks) {
  Words words;
  std::vector<std::vector<std::string>> documents(
      static_cast<std::size_t>(chunks / kChunksOfDocument));
  for (auto& texts : documents) {
    for (int i = 0; i < kChunksOfDocument; ++i) texts.push_back(words.text(120));
  }
  Rows rows(folder / name, vfs, sealed);
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < documents.size(); ++i) {
    rows.add_document(static_cast<int>(i), documents[i]);
  }
  const double written = milliseconds(begin);
  std::vector<double> times;
  for (int i = 0; i < kReads; ++i) times.push_back(rows.read(words.random, chunks));
  rows.end();
  std::printf("%-8s  write %d chunks %.0f ms   read %d chunks p50 %.3f ms\n", name, chunks, written,
              kHits, median(times));
}

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  WY_ASSERT(result.has_value());
  return *std::move(result);
}

class Whole {
 public:
  explicit Whole(const fs::path& folder)
      : folder_(folder), database_(must(store::Database::open({.directory = folder / "store"}))) {
    open_index();
  }

  void open_index() {
    index_.reset();
    index::Compartments::Options options;
    options.directory = folder_ / "index";
    options.memory = "/dev/shm";
    options.files = &database_->keys().files();
    options.store_id = database_->store_id();
    options.model = {"model", kVectorSize};
    options.epoch = &database_->epoch();
    index_ = must(index::Compartments::open(options));
  }

  // Sealing with the sync that every original waits for, and reading in pieces as a download does.
  void measure_files() {
    constexpr std::size_t kFileSize = std::size_t{64} << 20;
    constexpr std::size_t kReadSize = std::size_t{1} << 20;
    const std::string plain(kFileSize, 'x');
    const SealedFiles& files = database_->keys().files();
    std::vector<double> sealing;
    std::vector<double> opening;
    for (int round = 0; round < 5; ++round) {
      auto begin = Clock::now();
      auto writer = must(files.create(folder_ / "file"));
      must(writer->write(plain));
      must(writer->finish("bench"));
      sealing.push_back(milliseconds(begin));
      begin = Clock::now();
      const auto reader = must(files.open(folder_ / "file", "bench"));
      for (std::size_t at = 0; at < kFileSize; at += kReadSize) {
        WY_ASSERT(must(reader->read(static_cast<std::int64_t>(at), kReadSize)).size() == kReadSize);
      }
      opening.push_back(milliseconds(begin));
    }
    const auto rate = [](double time) { return 64.0 / (time / 1000); };
    std::printf("files     seal %.0f MiB/s   open %.0f MiB/s\n", rate(median(sealing)),
                rate(median(opening)));
    const store::CipherKey key{3};
    const std::string text(800, 'x');
    const auto begin = Clock::now();
    std::size_t opened = 0;
    for (int i = 0; i < 100'000; ++i) {
      opened += store::unseal(key, store::seal(key, text, "bound"), "bound")->size();
    }
    WY_ASSERT(opened == 100'000 * text.size());
    std::printf("fields    seal and open one of 800 bytes %.2f us\n",
                milliseconds(begin) * 1000 / 100'000);
  }

  void measure(int chunks) {
    Collection collection;
    collection.id = "col_a";
    collection.name = "A";
    collection.owner_id = "usr_a";
    must(database_->write(
        [&](store::Transaction& tx) { return store::add_collection(tx, collection); }));
    double stored = 0;
    double indexed = 0;
    for (int number = 0; number < chunks / kChunksOfDocument; ++number) {
      add_document(number, stored, indexed);
    }
    std::printf("store     write %d chunks %.0f ms   index them %.0f ms\n", chunks, stored,
                indexed);
    auto begin = Clock::now();
    must(index_->seal(label_));
    std::printf("index     seal %.0f ms\n", milliseconds(begin));
    begin = Clock::now();
    open_index();
    std::printf("index     load %.0f ms\n", milliseconds(begin));
    WY_ASSERT(index_->contents(label_)->lexical.size() == static_cast<std::size_t>(chunks));
    measure_search();
    add_collections(10'000);
    begin = Clock::now();
    const auto rotation = must(store::rotate_master_key(*database_));
    std::printf("keys      wrap %lld anew %.0f ms\n", static_cast<long long>(rotation.keys),
                milliseconds(begin));
  }

 private:
  Permit permit(Action action) {
    std::vector<LabelId> labels;
    if (label_ != 0) labels.push_back(label_);
    return auth::PolicyEngine::make("usr_a", action, database_->epoch(), labels, {"col_a"});
  }

  void add_document(int number, double& stored, double& indexed) {
    store::Processed processed{.media_type = "text/plain", .title = "A title"};
    processed.embedding_model = "model";
    std::int64_t at = 0;
    for (int i = 0; i < kChunksOfDocument; ++i) {
      Chunk chunk;
      chunk.text = words_.text(120);
      chunk.location.char_start = at;
      at += static_cast<std::int64_t>(chunk.text.size());
      chunk.location.char_end = at;
      chunk.location.heading_path = {"Chapter", "Section"};
      chunk.vector = words_.vector();
      processed.text += chunk.text;
      processed.chunks.push_back(std::move(chunk));
    }
    store::DigestWriter digest;
    digest.add(std::to_string(number));
    store::NewDocument wanted{.collection_id = "col_a", .title = "T", .size_bytes = 1};
    wanted.blob_sha256 = to_hex(digest.finish());
    wanted.user_id = "usr_a";
    auto begin = Clock::now();
    const auto added = must(database_->write([&](store::Transaction& tx) {
      return store::add_document(tx, permit(Action::write), wanted, {}, 1);
    }));
    must(database_->write([&](store::Transaction& tx) {
      return store::finish_document(tx, added.document.id, processed, 2);
    }));
    stored += milliseconds(begin);
    label_ = added.document.label_id;
    begin = Clock::now();
    index::Batch batch;
    batch.commit = database_->last_commit();
    const ChunkId first = ChunkId{number} * kChunksOfDocument + 1;
    const auto chunks = must(database_->read([&](store::Snapshot& snapshot) {
      return store::chunks_for_index(
          snapshot, label_, {first, first + kChunksOfDocument - 1, kChunksOfDocument}, "model");
    }));
    for (const Chunk& chunk : chunks) {
      batch.added.push_back({chunk.id, chunk.title, "Chapter\nSection", chunk.text, chunk.vector});
    }
    must(index_->apply(label_, batch));
    indexed += milliseconds(begin);
  }

  void measure_search() {
    std::vector<double> whole;
    std::vector<double> reading;
    for (int i = 0; i < kReads / 4; ++i) {
      const auto begin = Clock::now();
      const Permit open = permit(Action::read);
      auto hits = must(index_->keyword(open, {{label_}, nullptr}, words_.text(3), kHits));
      const auto near = must(index_->semantic(open, {{label_}, nullptr}, words_.vector(), kHits));
      hits.insert(hits.end(), near.begin(), near.end());
      std::vector<ChunkId> ids;
      for (const index::Hit& hit : hits) ids.push_back(hit.chunk);
      ids.resize(std::min<std::size_t>(ids.size(), kHits));
      const auto read = Clock::now();
      const auto chunks = must(database_->read(
          [&](store::Snapshot& snapshot) { return store::chunks_by_id(snapshot, open, ids); }));
      WY_ASSERT(chunks.size() == ids.size());
      reading.push_back(milliseconds(read));
      whole.push_back(milliseconds(begin));
    }
    std::printf("search    p50 %.2f ms, of it reading %d chunks %.3f ms\n", median(whole), kHits,
                median(reading));
  }

  void add_collections(int count) {
    must(database_->write([&](store::Transaction& tx) -> Status {
      WY_TRY(auto insert, tx.prepare("INSERT INTO wrapped_keys (id, master, wrapped) "
                                     "VALUES (?, ?, ?)"));
      for (int i = 0; i < count; ++i) {
        const std::string id = "col_" + std::to_string(i);
        const auto wrapped = tx.keys().wrap(store::CipherKey{5}, id);
        insert.reset();
        WY_RETURN_IF_ERROR(insert.bind(1, id)
                               .bind(2, wrapped.master)
                               .bind_blob(3, store::as_bytes(wrapped.bytes))
                               .run());
      }
      return Done{};
    }));
  }

  fs::path folder_;
  Words words_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<index::Compartments> index_;
  LabelId label_ = 0;
};

}  // namespace
}  // namespace wenyuan::bench

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(argc > 1 ? argv[1] : "/tmp") / wenyuan::new_id("encryption");
  const int chunks = argc > 2 ? std::atoi(argv[2]) : 10'000;
  fs::create_directories(folder);
  wenyuan::bench::register_page_vfs();
  for (int round = 0; round < 2; ++round) {
    const std::string suffix = std::to_string(round);
    wenyuan::bench::measure_rows(folder, ("plain" + suffix).c_str(), nullptr, false, chunks);
    wenyuan::bench::measure_rows(folder, ("fields" + suffix).c_str(), nullptr, true, chunks);
    wenyuan::bench::measure_rows(folder, ("pages" + suffix).c_str(), "pages", false, chunks);
  }
  {
    wenyuan::bench::Whole whole(folder);
    whole.measure_files();
    whole.measure(chunks);
  }
  fs::remove_all(folder);
  return 0;
}
