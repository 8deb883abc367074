// Writes the data directory of a server that was killed: many documents of made-up words with
// made-up vectors, most of them in sealed indexes, the last ones not. For bench/start.py.
//
//   make_store DIR DOCUMENTS CHUNKS_OF_ONE MODEL VECTOR_SIZE
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <random>

#include "base/id.h"
#include "store/content_store.h"
#include "tests/crash/node.h"

namespace {

using namespace wenyuan;

constexpr int kUnsealed = 150;  // documents that only the replay log has
constexpr int kWords = 110;     // of a chunk

class Maker {
 public:
  Maker(crash::Node& node, std::size_t vector_size) : node_(node), vector_size_(vector_size) {
    for (int i = 0; i < 30'000; ++i) words_.push_back(word());
  }

  Status add_collection() {
    collection_id_ = new_id("col");
    const Collection collection{.id = collection_id_,
                                .name = "Bench",
                                .kind = CollectionKind::organization,
                                .owner_id = node_.admin_id(),
                                .attributes = {},
                                .created_at = 1,
                                .updated_at = 1};
    return node_.write("collection.add", collection_id_, [&](store::Transaction& tx) {
      return store::add_collection(tx, collection);
    });
  }

  // `count` in one transaction.
  Status add(int count, int chunks_of_one) {
    std::vector<std::pair<store::BlobInfo, store::Processed>> made;
    for (int i = 0; i < count; ++i) {
      store::Processed processed = some_document(chunks_of_one);
      WY_TRY(store::BlobInfo blob, node_.blobs().put(processed.text, 1 << 24));
      made.emplace_back(std::move(blob), std::move(processed));
    }
    return node_.write("document.add", "", [&](store::Transaction& tx) -> Status {
      for (const auto& [blob, processed] : made) {
        WY_TRY(const Permit permit, node_.permit(tx, Action::write));
        store::NewDocument wanted;
        wanted.collection_id = collection_id_;
        wanted.blob_sha256 = blob.sha256;
        wanted.size_bytes = blob.size_bytes;
        WY_TRY(const store::Added added,
               store::add_document(tx, permit, wanted, node_.policies().access_attributes(),
                                   node_.now()));
        WY_RETURN_IF_ERROR(store::finish_document(tx, added.document.id, processed, node_.now()));
      }
      return Done{};
    });
  }

  void set_model(const std::string& name) { model_ = name; }

 private:
  std::string word() {
    std::string made;
    const std::uint64_t size = 3 + random_() % 7;
    for (std::uint64_t i = 0; i < size; ++i) made += static_cast<char>('a' + random_() % 26);
    return made;
  }

  store::Processed some_document(int chunks_of_one) {
    store::Processed processed;
    processed.media_type = "text/plain";
    processed.title = words_[random_() % words_.size()];
    processed.embedding_model = model_;
    for (int i = 0; i < chunks_of_one; ++i) {
      Chunk chunk;
      chunk.location.char_start = static_cast<std::int64_t>(processed.text.size());
      for (int w = 0; w < kWords; ++w) {
        // Squared: some words are much more frequent.
        const double at = static_cast<double>(random_() % 1'000'000) / 1e6;
        chunk.text +=
            words_[static_cast<std::size_t>(at * at * static_cast<double>(words_.size()))];
        chunk.text += ' ';
      }
      processed.text += chunk.text;
      chunk.location.char_end = static_cast<std::int64_t>(processed.text.size());
      chunk.vector = some_vector();
      processed.chunks.push_back(std::move(chunk));
    }
    return processed;
  }

  std::vector<float> some_vector() {
    std::normal_distribution<float> normal;
    std::vector<float> vector(vector_size_);
    float length = 0;
    for (float& x : vector) {
      x = normal(random_);
      length += x * x;
    }
    for (float& x : vector) x /= std::sqrt(length);
    return vector;
  }

  crash::Node& node_;
  const std::size_t vector_size_;
  std::string model_;
  std::string collection_id_;
  std::mt19937_64 random_{5};
  std::vector<std::string> words_;
};

Status make(const std::filesystem::path& directory, int documents, int chunks_of_one,
            const index::VectorModel& model) {
  WY_TRY(const auto node, crash::Node::open(directory, model));
  Maker maker(*node, model.vector_size);
  maker.set_model(model.name);
  WY_RETURN_IF_ERROR(maker.add_collection());
  for (int made = 0; made < documents - kUnsealed; made += 50) {
    WY_RETURN_IF_ERROR(maker.add(50, chunks_of_one));
    WY_RETURN_IF_ERROR(node->index());
  }
  WY_RETURN_IF_ERROR(node->indexer().seal_changed(true));
  WY_RETURN_IF_ERROR(maker.add(kUnsealed, chunks_of_one));
  std::cout << "made " << documents << " documents of " << chunks_of_one << " chunks\n"
            << std::flush;
  ::kill(::getpid(), SIGKILL);
  return Done{};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "make_store DIR DOCUMENTS CHUNKS_OF_ONE MODEL VECTOR_SIZE\n";
    return 2;
  }
  const auto made = make(argv[1], std::atoi(argv[2]), std::atoi(argv[3]),
                         {argv[4], static_cast<std::size_t>(std::atoi(argv[5]))});
  if (made) return 0;
  std::cerr << made.error().message << "\n";
  return 1;
}
