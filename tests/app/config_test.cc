#include "app/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/id.h"

namespace wenyuan::app {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() : folder_(std::filesystem::temp_directory_path() / new_id("wenyuan_config")) {
    std::filesystem::create_directory(folder_);
    for (const char* name : {"WENYUAN_DATA", "WENYUAN_MODELS", "WENYUAN_LISTEN", "WENYUAN_CONFIG",
                             "WENYUAN_ADMIN_KEY", "WENYUAN_LOG_LEVEL"}) {
      ::unsetenv(name);
    }
  }
  ~ConfigTest() override {
    ::unsetenv("WENYUAN_LISTEN");
    std::filesystem::remove_all(folder_);
  }

  ConfigFlags with_file(std::string_view text) {
    const auto path = folder_ / "wenyuan.toml";
    EXPECT_TRUE(write_file_durably(path, text).has_value());
    ConfigFlags flags;
    flags.config_file = path.string();
    return flags;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigTest, TheCommandLineBeatsTheEnvironmentAndThatTheFile) {
  ConfigFlags flags = with_file("data = \"/from/file\"\nlisten = \"127.0.0.1:1\"\n");
  EXPECT_EQ(load_config(flags)->listen_port, 1);
  ::setenv("WENYUAN_LISTEN", "127.0.0.1:2", 1);
  EXPECT_EQ(load_config(flags)->listen_port, 2);
  flags.listen = "[::1]:3";
  const auto config = load_config(flags);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->listen_host, "::1");
  EXPECT_EQ(config->listen_port, 3);
  EXPECT_EQ(config->data, "/from/file");
}

TEST_F(ConfigTest, AMisspeltSettingIsAnErrorWithItsName) {
  const auto config = load_config(with_file("sandbx = false\n"));
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error().message.find("sandbx"), std::string::npos);
}

TEST_F(ConfigTest, TheObjectStoreOfBackupsIsATableAndItsKeysLeaveTheEnvironment) {
  ::setenv("AWS_ACCESS_KEY_ID", "id", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  ::setenv("WENYUAN_S3_REGION", "eu-west-1", 1);
  const auto config = load_config(with_file(R"(
backup_to = "s3://my-bucket/here"
[backup_s3]
endpoint = "https://minio.example:9000"
region = "us-west-1"
)"));
  ::unsetenv("WENYUAN_S3_REGION");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->backup_to, "s3://my-bucket/here");
  EXPECT_EQ(config->s3.endpoint, "https://minio.example:9000");
  EXPECT_EQ(config->s3.region, "eu-west-1");
  EXPECT_EQ(config->s3.environment.secret, "secret");
  EXPECT_EQ(::getenv("AWS_SECRET_ACCESS_KEY"), nullptr);
  EXPECT_FALSE(load_config(with_file("backup_to = \"s3://No Bucket\"\n")));
  EXPECT_FALSE(load_config(with_file("[backup_s3]\nbukket = 1\n")));
}

TEST_F(ConfigTest, AttributesAreDeclaredWithTheirKinds) {
  const auto config = load_config(with_file(R"(
[[attribute]]
name = "rank"
kind = "level"
levels = ["open", "closed"]
[[attribute]]
name = "until"
of = ["document"]
kind = "time"
)"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->access_attributes, (std::vector<std::string>{"rank", "until"}));
  const auth::AttributeKinds& kinds = config->attribute_kinds;
  EXPECT_NE(kinds.levels(auth::AttributeOwner::user, "rank"), nullptr);
  EXPECT_FALSE(kinds.check(auth::AttributeOwner::resource, {{"until", "soon"}}));
  EXPECT_TRUE(kinds.check(auth::AttributeOwner::user, {{"until", "soon"}}));
}

TEST_F(ConfigTest, AttributesThatCannotBeAreErrorsWithTheirPlace) {
  const auto error = [&](const std::string& text) {
    const auto config = load_config(with_file(text));
    return config ? std::string("read") : config.error().message;
  };
  const std::string head = "[[attribute]]\nname = \"rank\"\n";
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"access_attributes = [\"a\"]\n" + head, "not both"},
           {head + "kind = \"number of\"\n", "kind must be"},
           {head + "kind = \"level\"\nlevels = [\"a\"]\n", "levels"},
           {head + "levels = [\"a\", \"b\"]\n", "levels"},
           {head + "of = [\"robot\"]\n", "of must have"},
           {head + "shape = \"round\"\n", "shape"},
           {head + head, "twice"},
           {"[[attribute]]\nkind = \"text\"\n", "name is missing"},
           {"[[attribute]]\nname = \"Not Good\"\n", "a-z, 0-9"},
           {"attribute = 1\n", "[[attribute]]"}}) {
    EXPECT_NE(error(text).find(why), std::string::npos) << text << error(text);
  }
}

TEST_F(ConfigTest, WrongTypesAndBrokenFilesAreErrorsWithTheirPlace) {
  EXPECT_NE(load_config(with_file("ingest_workers = \"two\"\n")).error().message.find("type"),
            std::string::npos);
  EXPECT_NE(load_config(with_file("data = \n")).error().message.find("line 1"), std::string::npos);
  EXPECT_FALSE(load_config(with_file("ingest_workers = 0\n")).has_value());
}

TEST_F(ConfigTest, AShortAdministratorKeyIsRefused) {
  ASSERT_TRUE(write_file_durably(folder_ / "key", "too short\n").has_value());
  ConfigFlags flags;
  flags.admin_key_file = (folder_ / "key").string();
  EXPECT_FALSE(load_config(flags).has_value());
  ASSERT_TRUE(write_file_durably(folder_ / "key", std::string(32, 'k') + "\n").has_value());
  EXPECT_EQ(load_config(flags)->admin_key, std::string(32, 'k'));
}

TEST(Listen, IsHostAndPort) {
  EXPECT_EQ(parse_listen("0.0.0.0:80")->second, 80);
  for (const char* wrong : {"", "80", ":80", "host:", "host:x", "host:70000", "host:8 0"}) {
    EXPECT_FALSE(parse_listen(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace wenyuan::app
