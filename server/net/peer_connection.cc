#include "server/net/peer_connection.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>

#include <algorithm>
#include <cerrno>
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

}  // namespace

void PeerConnection::Free::operator()(redisContext* context) const { redisFree(context); }

PeerConnection::Outcome<PeerConnection> PeerConnection::connect(const std::string& host, int port,
                                                                std::int64_t timeout_ms) {
  const timeval timeout = to_timeval(timeout_ms);
  Context context(redisConnectWithTimeout(host.c_str(), port, timeout));
  if (context == nullptr || context->err != 0) {
    const int error = errno;
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
