#include "ingest/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "ingest/extractor.h"
#include "tests/paths.h"

namespace wenyuan::ingest {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

const fs::path kEvil = bin_dir() / "ingest_evil";
const fs::path kExtract = bin_dir() / "wenyuan-extract";
const fs::path kDocuments = test_data() / "documents";

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers need what the sandbox takes away";
    auto sandbox = Sandbox::open(true);
    ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
    sandbox_.emplace(*std::move(sandbox));
    const auto started = run({"shell"}, SandboxLimits());
    if (started.exit_code == 1) GTEST_SKIP() << "bubblewrap cannot run here: " << started.errors;
  }

  ProcessResult run(const std::vector<std::string>& arguments, const SandboxLimits& limits,
                    std::stop_token stop = {}) {
    const FileDescriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto result = sandbox_->run(kEvil, arguments, input.get(), limits, std::move(stop));
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result ? *std::move(result) : ProcessResult();
  }

  std::optional<Sandbox> sandbox_;
};

TEST_F(SandboxTest, LetsAProgramDoNothingThatItShouldNot) {
  ::setenv("WY_TEST_SECRET", "1", 1);
  const int inherited = ::open("/dev/null", O_RDONLY);
  ASSERT_EQ(::dup2(inherited, 200), 200);
  const std::string outside = (kDocuments / "river.txt").string();
  const ProcessResult result = run({"everything", outside}, SandboxLimits());
  ::close(200);
  ::close(inherited);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("could not fork"));
  EXPECT_THAT(result.output, HasSubstr("could not use an inherited descriptor"));
  EXPECT_THAT(result.output, Not(HasSubstr("DID")));
}

TEST_F(SandboxTest, TheSameProgramCanDoTheseThingsOutside) {
  auto open = Sandbox::open(false);
  ASSERT_TRUE(open.has_value());
  const FileDescriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string outside = (kDocuments / "river.txt").string();
  const auto result = open->run(kEvil, {"harmless", outside}, input.get(), SandboxLimits(), {});
  ASSERT_TRUE(result.has_value());
  for (const char* what : {"DID read /etc/passwd", "DID read a file outside", "DID make a socket",
                           "DID fork", "DID see processes"}) {
    EXPECT_THAT(result->output, HasSubstr(what));
  }
}

TEST_F(SandboxTest, HasNoShell) {
  EXPECT_THAT(run({"shell"}, SandboxLimits()).output, Not(HasSubstr("DID")));
}

TEST_F(SandboxTest, KillsWhatTakesTooLong) {
  SandboxLimits limits;
  limits.time_max = std::chrono::seconds(1);
  EXPECT_TRUE(run({"sleep"}, limits).timed_out);
}

TEST_F(SandboxTest, EndsWhatUsesTooMuchMemoryOrCrashes) {
  SandboxLimits limits;
  limits.memory_bytes_max = std::int64_t{256} << 20;
  EXPECT_GT(run({"memory"}, limits).exit_code, 127);
  EXPECT_GT(run({"crash"}, limits).exit_code, 127);
}

TEST_F(SandboxTest, StopsAFloodOfOutput) {
  SandboxLimits limits;
  limits.output_bytes_max = 1 << 20;
  const ProcessResult result = run({"flood"}, limits);
  EXPECT_TRUE(result.output_too_large);
  EXPECT_LE(result.output.size(), std::size_t{1} << 20);
}

TEST_F(SandboxTest, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const FileDescriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto result =
      sandbox_->run(kEvil, {"sleep"}, input.get(), SandboxLimits(), stop.get_token());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST_F(SandboxTest, ExtractorReadsADocumentInIt) {
  Extractor::Options options;
  options.program = kExtract;
  auto extractor = Extractor::open(options);
  ASSERT_TRUE(extractor.has_value()) << extractor.error().message;
  const auto report = extractor->extract(kDocuments / "report.pdf", "application/pdf", {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->title, "Tide Gates Report");
  EXPECT_EQ(report->page_count, 3);
  const auto bomb = extractor->extract(kDocuments / "bomb.docx", "", {});
  ASSERT_FALSE(bomb.has_value());
  EXPECT_EQ(bomb.error().code, ErrorCode::too_large);
}

TEST_F(SandboxTest, ExtractorRefusesAProgramThatLies) {
  Extractor::Options options;
  options.program = kEvil;
  const auto extractor = Extractor::open(options);
  ASSERT_FALSE(extractor.has_value());
  EXPECT_EQ(extractor.error().code, ErrorCode::unavailable);
}

TEST(Extractor, IsUnavailableWithoutItsProgram) {
  Extractor::Options options;
  options.program = "/nowhere/wenyuan-extract";
  const auto extractor = Extractor::open(options);
  ASSERT_FALSE(extractor.has_value());
  EXPECT_EQ(extractor.error().code, ErrorCode::unavailable);
}

TEST(Extractor, DoesNotFollowLinksOutOfTheStore) {
  Extractor::Options options;
  options.program = kExtract;
  options.sandbox = false;
  if (kSanitized) options.limits.memory_bytes_max = 0;
  auto extractor = Extractor::open(options);
  ASSERT_TRUE(extractor.has_value()) << extractor.error().message;
  const fs::path link = fs::temp_directory_path() / "wenyuan_ingest_test_link";
  fs::remove(link);
  fs::create_symlink(kDocuments / "river.txt", link);
  EXPECT_FALSE(extractor->extract(link, "text/plain", {}).has_value());
  EXPECT_FALSE(extractor->extract(kDocuments, "text/plain", {}).has_value());
  fs::remove(link);
}

}  // namespace
}  // namespace wenyuan::ingest
