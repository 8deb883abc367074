// Writes inputs for the fuzz targets of the audit log and of backups to begin with:
// make_log_seeds FOLDER fills FOLDER/<target>/. The key it signs with is made anew each time.
#include <cstdio>
#include <filesystem>
#include <string>

#include "audit/canonical.h"
#include "audit/checkpoint_note.h"
#include "audit/export_line.h"
#include "audit/personal.h"
#include "audit/receipt.h"
#include "backup/folder.h"
#include "backup/manifest.h"
#include "backup/pack.h"
#include "backup/segment.h"
#include "base/file.h"
#include "base/text.h"

namespace {

using namespace wenyuan;  // NOLINT: a program of one file
namespace fs = std::filesystem;

constexpr const char* kStore = "0123456789abcdef0123456789abcdef";
constexpr UnixMillis kTime = 1'800'000'000'000;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& bytes) {
    fs::create_directories(folder_ / target);
    const fs::path path = folder_ / target / std::to_string(++count_);
    if (!write_file_durably(path, bytes)) failed_ = true;
  }
  // For targets whose first byte chooses what is read.
  void add(const std::string& target, char which, const std::string& bytes) {
    add(target, which + bytes);
  }
  bool failed() const { return failed_; }

 private:
  fs::path folder_;
  int count_ = 0;
  bool failed_ = false;
};

audit::Record some_record(std::int64_t number) {
  audit::Record record;
  record.number = number;
  record.time = kTime + number;
  record.retention_class = "reading";
  record.event.action = "search";
  record.event.actor_id = "usr_a";
  record.event.key_id = "key_a";
  record.event.object_id = "col_\xE4\xB8\xAD";
  record.event.request_id = "req_1";
  record.event.details = {{"count", std::int64_t{3}}, {"ids", std::vector<std::string>{"x", "y"}}};
  record.hash = to_hex(audit::leaf_of(record));
  return record;
}

audit::Checkpoint some_checkpoint() {
  audit::Checkpoint checkpoint;
  checkpoint.origin = audit::origin_of(kStore);
  checkpoint.size = 2;
  checkpoint.root =
      audit::node_hash(audit::leaf_of(some_record(1)), audit::leaf_of(some_record(2)));
  checkpoint.time = kTime;
  return checkpoint;
}

void add_audit(Seeds& seeds, const audit::SigningKey& key) {
  const std::string note = audit::sign_checkpoint(some_checkpoint(), key);
  std::string file = audit::export_head({note, 1, 2, false, true}, key) + "\n";
  for (const std::int64_t number : {1, 2}) {
    audit::ExportLine line;
    line.number = number;
    line.record = some_record(number);
    line.leaf = audit::leaf_of(*line.record);
    line.proof = {audit::leaf_of(some_record(3 - number))};
    for (const auto format : {audit::ExportFormat::jsonl, audit::ExportFormat::ocsf}) {
      seeds.add("audit_export", 0, audit::export_line(line, format));
    }
    file += audit::export_line(line, audit::ExportFormat::jsonl) + "\n";
    seeds.add("audit_export", 1, audit::canonical(*line.record));
    line.record.reset();
    seeds.add("audit_export", 0, audit::export_line(line, audit::ExportFormat::jsonl));
  }
  seeds.add("audit_export", 2, file);
  seeds.add("audit_export", 2, file.substr(file.find('\n') + 1));
  seeds.add("checkpoint_note", note);
  seeds.add("checkpoint_note", note + "\n" + note + "\n");
  seeds.add("checkpoint_note", "AAECAwQFBgc=");
  audit::Receipt receipt;
  receipt.store_id = kStore;
  receipt.id = "rct_a";
  receipt.document_id = "doc_a";
  receipt.collection_id = "col_a";
  receipt.erased_at = kTime;
  receipt.versions = receipt.chunks = receipt.vectors = 1;
  receipt.record_hash = std::string(44, 'A');
  receipt.originals = {{backup::sha256_of("a"), 5}};
  seeds.add("receipt", audit::sign_receipt(receipt, key));
}

void add_backup(Seeds& seeds, const audit::SigningKey& key) {
  backup::Manifest manifest;
  manifest.store_id = kStore;
  manifest.generation = "20260101T000000.000Z-00000000";
  manifest.created_at = kTime;
  manifest.commit = 7;
  manifest.base_size = 4096;
  manifest.base_sha256 = manifest.originals_sha256 = backup::sha256_of("a");
  manifest.audit_root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  manifest.checkpoint = audit::sign_checkpoint(some_checkpoint(), key);
  manifest.index_model = "a model\n384\n";
  manifest.apart = {"audit.key", "keys"};
  seeds.add("backup", 0, backup::sign_manifest(manifest, key));
  const std::vector<backup::Original> originals = {
      {backup::sha256_of("a"), backup::sha256_of("b"), 5},
      {backup::sha256_of("c"), backup::sha256_of("d"), 0}};
  seeds.add("backup", 3, backup::originals_text(originals));
  std::string page(516, 'p');
  page.replace(0, 4, std::string("\1\0\0\0", 4));
  const std::vector<backup::CommittedPages> commits = {{7, kTime, 1, page}, {8, kTime, 1, page}};
  backup::SegmentHead head;
  head.store_id = kStore;
  head.generation = manifest.generation;
  head.previous = backup::sha256_of("a");
  head.page_size = 512;
  head.originals = originals;
  const std::string segment = backup::encode_segment(head, commits, key).bytes;
  seeds.add("backup", 1, segment);
  seeds.add("backup", 2, segment.substr(segment.find('\0') + 1));
}

void add_packs(Seeds& seeds, const audit::SigningKey& key) {
  std::string bytes;
  backup::PackWriter writer([&](std::string_view piece) {
    bytes += piece;
    return true;
  });
  backup::PackDocument document;
  document.title = "A title";
  document.text = "abc \xE4\xB8\xAD\xE6\x96\x87 def";
  document.attributes = {{"level", std::int64_t{2}}};
  document.versions = {{"text/plain", 5}};
  Chunk chunk;
  chunk.text = "abc \xE4\xB8\xAD";
  chunk.location.char_end = 5;
  chunk.location.heading_path = {"Part"};
  chunk.vector = {1, 0, 0.5F};
  document.chunks = {chunk};
  seeds.add("kbpack", 1, backup::encode_pack_chunks(document.chunks));
  const Status added =
      writer.add(document, [](std::size_t) { return Result<std::string>("12345"); });
  if (!added || !writer.finish({.origin = kStore,
                                .name = "A collection",
                                .created_at = kTime,
                                .model = {"test", 3, ""},
                                .document_count = 0,
                                .key = {}},
                               key)) {
    std::fputs("no pack was made\n", stderr);
  }
  seeds.add("kbpack", 2, bytes);
  seeds.add("kbpack", 0, bytes);
  seeds.add("kbpack", 0,
            backup::tar_header("a/b", 3) + "abc" + backup::tar_padding(3) + backup::tar_end());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("Usage: make_log_seeds FOLDER\n", stderr);
    return 2;
  }
  const fs::path folder = argv[1];
  fs::create_directories(folder);
  const auto key = audit::SigningKey::open(folder / "seeds.key", folder / "seeds.pub");
  if (!key) {
    std::fputs((key.error().message + "\n").c_str(), stderr);
    return 1;
  }
  Seeds seeds(folder);
  add_audit(seeds, *key);
  add_backup(seeds, *key);
  add_packs(seeds, *key);
  return seeds.failed() ? 1 : 0;
}
