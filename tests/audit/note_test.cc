#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "audit/base64.h"
#include "audit/checkpoint_file.h"
#include "audit/checkpoint_note.h"
#include "audit/sinks.h"
#include "base/file.h"
#include "tests/store/temporary_directory.h"

namespace wenyuan::audit {
namespace {

class NoteTest : public testing::Test {
 protected:
  NoteTest() : key(*SigningKey::open(home.path() / "a.key", home.path() / "a.pub")) {}

  store::TemporaryDirectory home;
  SigningKey key;
  const Checkpoint checkpoint{.origin = "wenyuan.audit/0123",
                              .size = 4711,
                              .root = leaf_hash("root"),
                              .time = 1790000000000};
};

TEST_F(NoteTest, HasTheFormOfCheckpointsOfTransparencyLogs) {
  const std::string note = sign_checkpoint(checkpoint, key);
  EXPECT_TRUE(
      note.starts_with("wenyuan.audit/0123\n4711\n" +
                       to_base64_text({reinterpret_cast<const char*>(checkpoint.root.data()),
                                       checkpoint.root.size()}) +
                       "\ntime 2026-09-21T14:13:20.000Z\n\n\xE2\x80\x94 wenyuan.audit/0123 "))
      << note;
  const auto opened = open_checkpoint(note, key.verifying_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->size, 4711);
  EXPECT_EQ(opened->root, checkpoint.root);
  EXPECT_EQ(opened->time, checkpoint.time);
}

// The key of the example in Go's package sumdb/note.
TEST(VerifyingKey, HasTheHashThatOtherToolsCompute) {
  const auto key_bytes = from_base64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  ASSERT_TRUE(key_bytes);
  const auto key = VerifyingKey::from_raw(key_bytes->substr(1));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->text("PeterNeumann"),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const std::string text =
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n";
  const auto signature = from_base64(
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
      "nAM=");
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->substr(0, 4), key->key_hash("PeterNeumann"));
  EXPECT_TRUE(key->verifies(text, signature->substr(4)));
}

TEST_F(NoteTest, RefusesAChangeOfEveryBit) {
  const std::string note = sign_checkpoint(checkpoint, key);
  for (std::size_t bit = 0; bit < note.size() * 8; ++bit) {
    std::string bad = note;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(open_checkpoint(bad, key.verifying_key())) << "bit " << bit;
  }
  for (std::size_t size = 0; size < note.size(); ++size) {
    EXPECT_FALSE(open_checkpoint(note.substr(0, size), key.verifying_key())) << size;
  }
}

TEST_F(NoteTest, IsGoodWithTheSignaturesOfWitnessesBesideIt) {
  const std::string line =
      "\xE2\x80\x94 witness.example/w " + to_base64_text("1234and more") + "\n";
  const std::string note = sign_checkpoint(checkpoint, key) + line;
  EXPECT_TRUE(open_checkpoint(note, key.verifying_key()));
  const std::size_t gap = note.find("\n\n");
  const std::string alone = note.substr(0, gap + 2) + line;
  EXPECT_FALSE(open_checkpoint(alone, key.verifying_key()));
}

TEST_F(NoteTest, IsRefusedWithTheKeyOfAnother) {
  const SigningKey other = *SigningKey::open(home.path() / "b.key", home.path() / "b.pub");
  const auto refused = open_checkpoint(sign_checkpoint(checkpoint, other), key.verifying_key());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not signed by this key"), std::string::npos);
}

TEST_F(NoteTest, KeysAreReadFromPemAndFromALine) {
  const auto line = home.path() / "line";
  ASSERT_TRUE(write_file_durably(line, key.verifying_key().text("some.log") + "\n"));
  const auto read = VerifyingKey::open(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->raw(), key.verifying_key().raw());
  std::string bad = key.verifying_key().text("some.log");
  bad[0] = 'x';  // the hash is of another name
  ASSERT_TRUE(write_file_durably(line, bad));
  EXPECT_FALSE(VerifyingKey::open(line));
}

TEST_F(NoteTest, GoesToSyslogInOnePieceFromWhichItCanBeMadeAgain) {
  const std::string path = (home.path() / "log").string();
  const FileDescriptor log(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(log.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string note = sign_checkpoint(checkpoint, key);
  const auto sink = syslog_sink(path);
  ASSERT_TRUE(sink->take(checkpoint, note));
  char received[4096];
  const ssize_t size = ::recv(log.get(), received, sizeof received, 0);
  ASSERT_GT(size, 0);
  const std::string message(received, static_cast<std::size_t>(size));
  EXPECT_TRUE(message.starts_with("<109>1 2026-09-21T14:13:20.000Z - wenyuan - audit-checkpoint "))
      << message;
  const std::size_t at = message.find("signature=\"") + 11;
  const std::string signature = message.substr(at, message.find('"', at) - at);
  EXPECT_EQ(
      checkpoint_text(checkpoint) + "\n\xE2\x80\x94 " + checkpoint.origin + " " + signature + "\n",
      note);
}

TEST_F(NoteTest, ASyslogThatIsNotThereIsAnError) {
  const auto sink = syslog_sink(home.path() / "nobody");
  EXPECT_FALSE(sink->take(checkpoint, sign_checkpoint(checkpoint, key)));
}

TEST(Base64, HasOneSpellingOfEverything) {
  EXPECT_EQ(from_base64("Zg=="), "f");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64(""), "");
  for (const char* bad :
       {"Zh==", "Zm9=", "Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Z g="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace wenyuan::audit
