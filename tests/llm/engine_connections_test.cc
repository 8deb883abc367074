#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "llm/engine_socket.h"
#include "tests/llm/engine_service_fixture.h"

namespace wenyuan::llm {
namespace {

TEST_F(EngineServiceTest, IsOpenToItsUserAloneAndAloneAtItsSocket) {
  start();
  struct stat info {};
  ASSERT_EQ(::stat(options_.socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto second = EngineService::start(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(EngineServiceTest, ReplacesTheSocketOfADeadEngine) {
  // What a killed process leaves behind: a file to which nobody listens.
  { ASSERT_TRUE(listen_at(options_.socket)); }
  ASSERT_TRUE(fs::exists(options_.socket));
  start();
  EXPECT_TRUE(client_->status());
}

TEST_F(EngineServiceTest, SurvivesClientsThatDoNotSpeakItsLanguage) {
  start();
  const std::string hello = encode_frame(FrameKind::hello, encode_hello());
  const std::vector<std::string> nonsense = {
      "GET / HTTP/1.1\r\n\r\n",
      std::string(5, '\xFF'),
      encode_frame(FrameKind::models, ""),
      encode_frame(FrameKind::hello, "????????"),
      hello + encode_frame(FrameKind::embed, "garbage"),
      hello + encode_frame(FrameKind::delta, "garbage"),
      hello + std::string("\xFF\xFF\xFF\xFF\x03", 5),
      hello + encode_frame(FrameKind::generate, "").substr(0, 3),
  };
  for (const std::string& bytes : nonsense) {
    const auto socket = connect_to(options_.socket);
    ASSERT_TRUE(socket);
    ASSERT_TRUE(send_bytes(socket->get(), bytes));
    ::shutdown(socket->get(), SHUT_WR);
    while (receive_frame(socket->get()).has_value()) {
      char next = 0;
      if (::recv(socket->get(), &next, 1, MSG_PEEK) <= 0) break;
    }
    EXPECT_TRUE(client_->status());
  }
}

TEST_F(EngineServiceTest, TellsTheReasonToAClientThatSendsNonsense) {
  start();
  const auto socket = connect_to(options_.socket);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(send_frame(socket->get(), FrameKind::models, ""));
  const auto frame = receive_frame(socket->get());
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->kind, FrameKind::error);
  EXPECT_EQ(decode_error((*frame)->payload).message, "say hello first");
}

TEST_F(EngineServiceTest, SaysBusyWhenThereAreTooManyConnections) {
  options_.connections_max = 1;
  start();
  const auto socket = connect_to(options_.socket);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(send_frame(socket->get(), FrameKind::hello, encode_hello()));
  ASSERT_TRUE(receive_frame(socket->get()));
  const auto refused = client_->status();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message, "the engine is busy");
}

TEST(EngineClient, SaysUnavailableWhenNobodyListens) {
  const ScratchFolder folder;
  EngineClient client({.socket = folder / "none.sock", .connect_time = {}});
  const auto status = client.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
}

TEST(EngineClient, GivesUpOnAnEngineThatDoesNotSayHello) {
  const ScratchFolder folder;
  const auto listener = listen_at(folder / "mute.sock");
  ASSERT_TRUE(listener);
  EngineClient client({.socket = folder / "mute.sock",
                       .connect_time = {},
                       .handshake_time = std::chrono::milliseconds(20)});
  const auto status = client.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace wenyuan::llm
