#include "server/net/connection.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/net/net_loop.h"

using namespace tarn;

namespace {

// Replies with what it was told. A '#' asks for eight bytes, received directly, and replies with
// them.
class Echo final : public InputHandler {
 public:
  Echo(Transport& transport, bool& gone) : transport_(transport), gone_(gone) {}

  Taken on_input(std::string_view input) override {
    ++turns;
    if (received_ == direct_.size()) {
      transport_.output().append({direct_.data(), direct_.size()});
      received_ = kNotReceiving;
    }
    std::size_t taken = std::min(input.find('#'), input.size());
    transport_.output().append(input.substr(0, taken));
    if (taken < input.size()) {
      received_ = 0;
      ++taken;
    }
    if (!transport_.output().empty()) transport_.schedule_flush();
    return {taken, 0, false};
  }
  std::span<char> direct_target() override {
    if (received_ >= direct_.size()) return {};
    return std::span(direct_).subspan(received_);
  }
  void on_direct(std::size_t bytes) override { received_ += bytes; }
  std::size_t memory_bytes() const override { return direct_.size(); }
  void on_memory_changed() override { seen_bytes = transport_.output().bytes(); }
  void on_closed() override { gone_ = true; }

  static constexpr std::size_t kNothingSeen = static_cast<std::size_t>(-1);
  std::size_t seen_bytes = kNothingSeen;  // of waiting output, when told last
  int turns = 0;

 private:
  static constexpr std::size_t kNotReceiving = static_cast<std::size_t>(-1);

  Transport& transport_;
  bool& gone_;
  std::array<char, 8> direct_{};
  std::size_t received_ = kNotReceiving;
};

std::array<int, 2> unix_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
  return ends;
}

std::array<int, 2> tcp_pair() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any_address = reinterpret_cast<sockaddr*>(&address);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::bind(listener, any_address, length) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, any_address, &length) == 0);
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(peer, any_address, length) == 0);
  ::fcntl(peer, F_SETFL, O_NONBLOCK);
  const int own = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  REQUIRE(own >= 0);
  ::close(listener);
  return {peer, own};
}

// Sends the bytes, and a descriptor along with them.
void send_with_descriptor(int fd, std::string_view bytes) {
  iovec vector{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  REQUIRE(::sendmsg(fd, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

// A connection over a pair of sockets; the test has the peer's end.
struct Wire {
  enum class Over { kUnixSocket, kTcp };

  explicit Wire(Over over = Over::kUnixSocket) {
    const auto ends = over == Over::kTcp ? tcp_pair() : unix_pair();
    peer = ends[0];
    connection = new Connection(loop, ends[1], {"peer", "local", over == Over::kUnixSocket});
    auto handler = std::make_unique<Echo>(*connection, gone);
    echo = handler.get();
    connection->start(std::move(handler));
  }
  ~Wire() { hang_up(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void hang_up() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  // Lets the loop run until nothing is left to do.
  void settle() {
    while (loop.poll()) {
    }
  }
  void say(std::string_view bytes) {
    REQUIRE(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
    settle();
  }
  // What has arrived at the peer's end; "(end)" where nothing more will.
  std::string hear() {
    settle();
    std::array<char, 256> bytes{};
    const ssize_t size = ::recv(peer, bytes.data(), bytes.size(), 0);
    if (size == 0) return "(end)";
    return size < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(size));
  }

  NetLoop loop;
  bool gone = false;
  int peer = -1;
  Connection* connection = nullptr;  // owns itself
  Echo* echo = nullptr;
};

}  // namespace

TEST_CASE("output that is held at the end of a batch leaves with the release") {
  Wire wire;
  wire.loop.on_batch_end([&] {
    wire.connection->hold_output();
    wire.connection->hold_output();
    wire.loop.on_batch_end(nullptr);
  });
  wire.say("one");
  CHECK(wire.hear() == "");
  wire.connection->output().append(" pushed");
  wire.connection->schedule_flush();
  CHECK(wire.hear() == "");
  wire.connection->release_output();
  wire.connection->release_output();
  CHECK(wire.hear() == "one pushed");
  wire.say("two");
  CHECK(wire.hear() == "two");
}

TEST_CASE("a connection counts until it is closed, although it is deleted later") {
  Wire wire;
  CHECK(wire.loop.connections() == 1);
  wire.connection->close();
  CHECK(wire.loop.connections() == 0);
  wire.settle();
  CHECK(wire.loop.connections() == 0);
}

TEST_CASE("who watches memory is told when there may be more of it, or less") {
  Wire wire;
  int batches = 0;
  wire.loop.on_batch_sent([&] { ++batches; });
  wire.say("unwatched");
  wire.hear();
  CHECK(wire.echo->seen_bytes == Echo::kNothingSeen);
  CHECK(batches == 0);

  wire.loop.watch_memory(true);
  wire.connection->hold_output();
  wire.connection->output().append("held");
  wire.connection->schedule_flush();
  wire.settle();
  CHECK(wire.echo->seen_bytes == 4);
  wire.connection->release_output();
  CHECK(wire.hear() == "held");
  CHECK(wire.echo->seen_bytes == 0);
  CHECK(batches > 0);

  // What of a request has come is kept by the connection.
  const std::size_t before = wire.connection->memory_bytes();
  wire.connection->hold_output();
  wire.say(std::string(1000, 'x'));
  CHECK(wire.connection->memory_bytes() >= before + 1000);
}

TEST_CASE("a connection with held output is served again after the release") {
  Wire wire;
  wire.connection->hold_output();
  wire.say("asked meanwhile");
  CHECK(wire.connection->output().empty());
  CHECK(wire.hear() == "");
  wire.connection->release_output();
  CHECK(wire.hear() == "asked meanwhile");
}

TEST_CASE("input goes on once it is neither paused nor held, in either order") {
  for (const bool release_first : {true, false}) {
    CAPTURE(release_first);
    Wire wire;
    wire.connection->pause_input();
    wire.connection->hold_output();
    wire.say("x");
    release_first ? wire.connection->release_output() : wire.connection->resume_input();
    CHECK(wire.hear() == "");
    CHECK(wire.connection->output().empty());
    release_first ? wire.connection->resume_input() : wire.connection->release_output();
    CHECK(wire.hear() == "x");
  }
}

TEST_CASE("whose pause ends while its output is held has its turn, without input too") {
  for (const bool resume_first : {true, false}) {
    CAPTURE(resume_first);
    Wire wire;
    wire.connection->pause_input();
    if (resume_first) wire.connection->resume_input();
    wire.connection->hold_output();
    if (!resume_first) wire.connection->resume_input();
    wire.settle();
    CHECK(wire.echo->turns == 0);
    wire.connection->release_output();
    wire.settle();
    CHECK(wire.echo->turns == 1);
  }
}

TEST_CASE("a value that is half received when output is held arrives whole") {
  Wire wire;
  wire.say("a#");
  CHECK(wire.hear() == "a");
  wire.say("1234");
  wire.connection->hold_output();
  wire.say("56");
  wire.say("78then");
  CHECK(wire.hear() == "");
  wire.connection->release_output();
  CHECK(wire.hear() == "12345678then");
}

TEST_CASE("what is longer than a receipt, or than the socket takes, arrives in turns") {
  Wire wire;
  std::string said;
  std::string heard;
  const std::string piece(NetLoop::kReceiveBytes - 1, 'x');
  for (int i = 0; i < 60; ++i) {
    const std::string part = piece + static_cast<char>('a' + i % 26);
    std::size_t sent = 0;
    while (sent < part.size()) {
      const ssize_t result =
          ::send(wire.peer, part.data() + sent, part.size() - sent, MSG_NOSIGNAL);
      if (result > 0) sent += static_cast<std::size_t>(result);
      if (sent < part.size()) wire.settle();
      // The peer reads slowly: what it does not read fills its socket.
      if (i > 20 || sent < part.size()) heard += wire.hear();
    }
    said += part;
  }
  for (std::string more = wire.hear(); !more.empty(); more = wire.hear()) heard += more;
  CHECK(heard.size() == said.size());
  CHECK(heard == said);
}

TEST_CASE("what ends a receipt early does not keep what is behind it") {
  SUBCASE("an urgent byte, which is no part of the input") {
    Wire wire(Wire::Over::kTcp);
    for (const auto text : {"one", " two", " three"}) {
      REQUIRE(::send(wire.peer, text, std::strlen(text), MSG_NOSIGNAL) > 0);
      REQUIRE(::send(wire.peer, "!", 1, MSG_NOSIGNAL | MSG_OOB) == 1);
    }
    REQUIRE(::send(wire.peer, " four", 5, MSG_NOSIGNAL) == 5);
    std::string heard = wire.hear();
    heard.erase(std::remove(heard.begin(), heard.end(), '!'), heard.end());
    CHECK(heard == "one two three four");
  }
  SUBCASE("a descriptor that is sent along") {
    Wire wire;
    send_with_descriptor(wire.peer, "one");
    send_with_descriptor(wire.peer, " two");
    REQUIRE(::send(wire.peer, " three", 6, MSG_NOSIGNAL) == 6);
    CHECK(wire.hear() == "one two three");
  }
}

TEST_CASE("what the peer said before it ended its side is answered") {
  Wire wire;
  REQUIRE(::send(wire.peer, "last", 4, MSG_NOSIGNAL) == 4);
  REQUIRE(::shutdown(wire.peer, SHUT_WR) == 0);
  CHECK(wire.hear() == "last");
  CHECK(wire.hear() == "(end)");
  CHECK(wire.gone);
}

TEST_CASE("what the peer said before it ended its side is answered although the output is held") {
  Wire wire;
  wire.loop.on_batch_end([&] {
    if (!wire.connection->output().empty()) wire.connection->hold_output();
  });
  wire.say("first");
  SUBCASE("the reply was there already") {
    REQUIRE(::shutdown(wire.peer, SHUT_WR) == 0);
    wire.settle();
    wire.loop.on_batch_end(nullptr);
    wire.connection->release_output();
    CHECK(wire.hear() == "first");
  }
  SUBCASE("to what came meanwhile there is one after the release, which is held in turn") {
    wire.say(" second");
    REQUIRE(::shutdown(wire.peer, SHUT_WR) == 0);
    wire.settle();
    wire.connection->release_output();
    CHECK(wire.hear() == "");
    wire.loop.on_batch_end(nullptr);
    wire.connection->release_output();
    CHECK(wire.hear() == "first second");
  }
  SUBCASE("where it waits now, the wait ends with the connection") {
    wire.connection->pause_input();
    wire.say(" second");
    REQUIRE(::shutdown(wire.peer, SHUT_WR) == 0);
    wire.settle();
    wire.loop.on_batch_end(nullptr);
    wire.connection->release_output();
    CHECK(wire.hear() == "first");
  }
  CHECK(wire.hear() == "(end)");
  CHECK(wire.gone);
}

TEST_CASE("a held connection can close") {
  Wire wire;
  wire.connection->output().append("last words");
  wire.connection->schedule_flush();
  wire.connection->hold_output();

  SUBCASE("after the flush, which waits for the release") {
    wire.connection->close_after_flush();
    CHECK(wire.hear() == "");
    CHECK_FALSE(wire.gone);
    wire.connection->release_output();
    CHECK(wire.hear() == "last words");
    CHECK(wire.hear() == "(end)");
  }
  SUBCASE("at once, and its output is lost") {
    wire.connection->close();
    wire.connection->release_output();
    CHECK(wire.hear() == "(end)");
  }
  SUBCASE("because the peer is gone") {
    wire.hang_up();
    wire.settle();
  }
  CHECK(wire.gone);
  CHECK(wire.loop.connections() == 0);
}
