#include "server/net/peer_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tarn {
namespace {

constexpr std::size_t kHeldBackBytes = std::size_t{64} * 1024;
// As far as a wait can be told to poll().
constexpr std::int64_t kMaxTimeoutMs = INT32_MAX;

timeval to_timeval(std::int64_t timeout_ms) {
  timeout_ms = std::clamp<std::int64_t>(timeout_ms, 1, kMaxTimeoutMs);
  return {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
}

PeerFault fault(const redisContext* context, int error, PeerFault::During during) {
  const bool timed_out = context != nullptr && context->err == REDIS_ERR_IO &&
                         (error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT);
  return {during, timed_out};
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

bool is_numeric(const std::string& host) {
  in6_addr room{};
  return ::inet_pton(AF_INET, host.c_str(), &room) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

// The addresses of a host, as numbers; none where the name is unknown.
std::vector<std::string> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

// The same, for so long at most; nothing where that was too short. A look-up cannot be stopped, so
// it has a thread, which is left to itself then.
std::optional<std::vector<std::string>> look_up_within(const std::string& host,
                                                       std::int64_t timeout_ms) {
  if (is_numeric(host)) return std::vector{host};
  std::promise<std::vector<std::string>> promise;
  std::future<std::vector<std::string>> addresses = promise.get_future();
  std::thread([host, promise = std::move(promise)]() mutable {
    promise.set_value(look_up(host));
  }).detach();
  const auto limit =
      std::chrono::milliseconds(std::clamp<std::int64_t>(timeout_ms, 1, kMaxTimeoutMs));
  if (addresses.wait_for(limit) != std::future_status::ready) return std::nullopt;
  return addresses.get();
}

}  // namespace

void PeerConnection::Free::operator()(redisContext* context) const { redisFree(context); }

PeerConnection::Outcome<PeerConnection> PeerConnection::connect(const std::string& host, int port,
                                                                std::int64_t timeout_ms) {
  const auto addresses = look_up_within(host, timeout_ms);
  if (!addresses) return PeerFault{PeerFault::During::kConnecting, true};
  Context context;
  int error = 0;
  for (const std::string& address : *addresses) {
    context.reset(redisConnectWithTimeout(address.c_str(), port, to_timeval(timeout_ms)));
    error = errno;
    if (context != nullptr && context->err == 0) break;
  }
  if (context == nullptr || context->err != 0) {
    // One that nobody listens to is found out by writing, as far as clients are told.
    const bool refused =
        context != nullptr && context->err == REDIS_ERR_IO && error == ECONNREFUSED;
    return fault(context.get(), error,
                 refused ? PeerFault::During::kWriting : PeerFault::During::kConnecting);
  }
  ::fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  PeerConnection connection(std::move(context));
  connection.set_timeout(timeout_ms);
  return connection;
}

void PeerConnection::set_timeout(std::int64_t timeout_ms) {
  redisSetTimeout(context_.get(), to_timeval(timeout_ms));
}

PeerConnection::Outcome<std::monostate> PeerConnection::send(
    std::span<const std::string_view> args) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view arg : args) {
    texts.push_back(arg.data());
    sizes.push_back(arg.size());
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), texts.data(),
                             sizes.data()) != REDIS_OK) {
    return fault(context_.get(), 0, PeerFault::During::kWriting);
  }
  if (sdslen(context_->obuf) < kHeldBackBytes) return std::monostate();
  return flush();
}

PeerConnection::Outcome<std::monostate> PeerConnection::flush() {
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
      return fault(context_.get(), errno, PeerFault::During::kWriting);
    }
  }
  return std::monostate();
}

PeerConnection::Outcome<PeerReply> PeerConnection::read() {
  void* answer = nullptr;
  if (redisGetReply(context_.get(), &answer) != REDIS_OK) {
    return fault(context_.get(), errno, PeerFault::During::kReading);
  }
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(answer));
  if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_ERROR) {
    return PeerFault{PeerFault::During::kReading};
  }
  return PeerReply{reply->type == REDIS_REPLY_ERROR, std::string(reply->str, reply->len)};
}

}  // namespace tarn
