#include "llm/engine_supervisor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "llm/engine_client.h"
#include "llm/engine_socket.h"
#include "tests/llm/tiny_models.h"
#include "tests/paths.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

std::string engine_program() { return bin_dir() / "wenyuan-engine"; }

class EngineSupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "models");
    write_tiny_llama(folder_ / "models/endless.gguf", {.context = 1U << 20});
    options_.program = engine_program();
    options_.socket = folder_ / "engine.sock";
    options_.models = folder_ / "models";
    options_.threads = 1;
  }

  GenerateRequest request(std::int32_t tokens_max) const {
    GenerateRequest wanted;
    wanted.model = "endless";
    wanted.messages = {{Role::user, "Go on."}};
    wanted.tokens_max = tokens_max;
    return wanted;
  }
  EngineClient client() const {
    return EngineClient(
        {.socket = options_.socket, .connect_time = kPatience, .handshake_time = kPatience});
  }

  ScratchFolder folder_;
  EngineSupervisorOptions options_;
};

// Waits for what another process does, which nothing announces.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

TEST_F(EngineSupervisorTest, StartsAnEngineThatAnswersAndStopsIt) {
  EngineSupervisor supervisor(options_);
  EXPECT_EQ(supervisor.state().phase, EngineState::Phase::stopped);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(supervisor.wait_until_running(kPatience));
  EXPECT_EQ(supervisor.state().restarts, 0);
  auto engine = client();
  EXPECT_EQ(engine.models()->size(), 1U);
  supervisor.stop();
  EXPECT_EQ(supervisor.state().phase, EngineState::Phase::stopped);
  EXPECT_EQ(supervisor.state().pid, 0);
  EXPECT_EQ(supervisor.state().last_end, "exit status 0");
  EXPECT_FALSE(fs::exists(options_.socket));
}

TEST_F(EngineSupervisorTest, RestartsAnEngineThatWasKilledWhileItAnswered) {
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(supervisor.wait_until_running(kPatience));
  auto engine = client();
  bool is_killed = false;
  const auto result = engine.generate(request(1 << 20),
                                      [&](std::string_view) {
                                        if (!std::exchange(is_killed, true))
                                          ::kill(supervisor.state().pid, SIGKILL);
                                        return true;
                                      },
                                      {});
  const auto died = std::chrono::steady_clock::now();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_EQ(result.error().message, "the engine stopped while answering");
  const auto next = engine.generate(request(5), [](std::string_view) { return true; }, {});
  const auto answered = std::chrono::steady_clock::now();
  EXPECT_TRUE(next) << next.error().message;
  EXPECT_EQ(supervisor.state().restarts, 1);
  EXPECT_EQ(supervisor.state().last_end, "signal 9");
  RecordProperty(
      "ms_from_death_to_answer",
      static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(answered - died).count()));
}

TEST_F(EngineSupervisorTest, RestartsAnEngineThatLivesButDoesNotAnswer) {
  options_.ask_period = 20ms;
  options_.silence_max = 3s;
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(supervisor.wait_until_running(kPatience));
  const pid_t stopped = supervisor.state().pid;
  auto engine = client();
  // The request that is being answered fails, and so do those that nobody hears.
  std::thread unheard;
  bool is_stopped = false;
  const auto result = engine.generate(request(1 << 20),
                                      [&](std::string_view) {
                                        if (std::exchange(is_stopped, true)) return true;
                                        ::kill(stopped, SIGSTOP);
                                        unheard = std::thread([&] {
                                          EXPECT_FALSE(EngineClient({.socket = options_.socket,
                                                                     .connect_time = 0ms,
                                                                     .handshake_time = kPatience})
                                                           .models());
                                        });
                                        return true;
                                      },
                                      {});
  unheard.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_EQ(result.error().message, "the engine stopped while answering");
  const auto next = engine.generate(request(5), [](std::string_view) { return true; }, {});
  EXPECT_TRUE(next) << next.error().message;
  EXPECT_EQ(supervisor.state().hangs, 1);
  EXPECT_EQ(supervisor.state().restarts, 1);
  EXPECT_NE(supervisor.state().pid, stopped);
}

TEST_F(EngineSupervisorTest, LeavesAnEngineAloneThatIsAtWork) {
  options_.ask_period = 1ms;
  options_.silence_max = kPatience;
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(supervisor.wait_until_running(kPatience));
  auto engine = client();
  EXPECT_TRUE(engine.generate(request(2000), [](std::string_view) { return true; }, {}));
  EXPECT_EQ(supervisor.state().hangs, 0);
  EXPECT_EQ(supervisor.state().restarts, 0);
}

TEST_F(EngineSupervisorTest, KillsAnEngineThatNeverBeginsToListen) {
  const fs::path script = folder_ / "mute";
  {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(script.c_str(), "w"), &std::fclose);
    std::fputs("#!/bin/sh\nexec sleep 1000\n", file.get());
  }
  fs::permissions(script, fs::perms::owner_all);
  options_.program = script;
  options_.silence_max = 20ms;
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  EXPECT_TRUE(eventually([&] { return supervisor.state().hangs >= 2; }));
  EXPECT_EQ(supervisor.state().last_end, "signal 9");
}

TEST_F(EngineSupervisorTest, StopsAnEngineThatHangs) {
  options_.stop_time = 50ms;
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(supervisor.wait_until_running(kPatience));
  ::kill(supervisor.state().pid, SIGSTOP);
  supervisor.stop();
  EXPECT_EQ(supervisor.state().last_end, "signal 9");
}

TEST_F(EngineSupervisorTest, SaysFailedWhenTheEngineDiesAgainAndAgain) {
  options_.program = "/bin/false";
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  EXPECT_TRUE(eventually([&] { return supervisor.state().phase == EngineState::Phase::failed; }));
  EXPECT_EQ(supervisor.state().last_end, "exit status 1");
  EXPECT_GE(supervisor.state().restarts, 4);
  supervisor.stop();
}

TEST_F(EngineSupervisorTest, RefusesAProgramThatIsNotThere) {
  options_.program = folder_ / "nothing";
  EngineSupervisor supervisor(options_);
  const Status started = supervisor.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
}

TEST_F(EngineSupervisorTest, KillsAnEngineThatDoesNotStop) {
  const fs::path script = folder_ / "stubborn";
  {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(script.c_str(), "w"), &std::fclose);
    std::fputs("#!/bin/sh\ntrap '' TERM\ntouch \"$2.ready\"\nwhile :; do sleep 1; done\n",
               file.get());
  }
  fs::permissions(script, fs::perms::owner_all);
  options_.program = script;
  options_.stop_time = 50ms;
  EngineSupervisor supervisor(options_);
  ASSERT_TRUE(supervisor.start());
  ASSERT_TRUE(eventually([&] { return fs::exists(folder_ / "engine.sock.ready"); }));
  supervisor.stop();
  EXPECT_EQ(supervisor.state().last_end, "signal 9");
}

TEST_F(EngineSupervisorTest, LeavesNoEngineBehindWhenTheParentIsKilled) {
  const fs::path sockets[] = {folder_ / "one.sock", folder_ / "two.sock"};
  std::string script;
  for (const fs::path& socket : sockets) {
    script += std::string(engine_program()) + " --parent $$ --models " + options_.models.string() +
              " --socket " + socket.string() + " & ";
  }
  script += "wait";
  std::string words[] = {"sh", "-c", script};
  char* raw[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t parent = 0;
  ASSERT_EQ(::posix_spawn(&parent, "/bin/sh", nullptr, nullptr, raw, environ), 0);
  for (const fs::path& socket : sockets) {
    EXPECT_TRUE(eventually([&] { return connect_to(socket).has_value(); })) << socket;
  }
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  for (const fs::path& socket : sockets) {
    EXPECT_TRUE(eventually([&] { return !connect_to(socket).has_value(); })) << socket;
  }
}

TEST_F(EngineSupervisorTest, AnEngineWhoseParentIsGoneDoesNotBegin) {
  const std::string command = std::string(engine_program()) + " --parent 1 --models " +
                              options_.models.string() + " --socket " + options_.socket.string();
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace wenyuan::llm
