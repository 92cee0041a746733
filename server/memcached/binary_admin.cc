// The binary protocol's commands that are not about an item, and what comes of requests that are
// none.

#include "server/engine/authentication.h"
#include "server/memcached/binary_request.h"
#include "server/memcached/call_support.h"
#include "server/memcached/families.h"
#include "server/memcached/flush.h"
#include "server/memcached/stats_report.h"

namespace tarn {
namespace {

using namespace memcached;

using KeyRule = BinaryRequest::KeyRule;

void flush(Call& call) {
  BinaryRequest request(call);
  const bool with_delay = request.header().extras_bytes != 0;
  if (!request.has_shape(with_delay ? 4 : 0, KeyRule::kNone)) return;
  flush_items(call, with_delay ? request.extra<std::uint32_t>(0) : 0);
  if (!request.quiet()) request.reply_ok();
}

void quit(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNone)) return;
  if (!request.quiet()) request.reply_ok();
  end_connection(call);
}

void noop(Call& call) {
  BinaryRequest request(call);
  if (request.has_shape(0, KeyRule::kNone)) request.reply_ok();
}

void version(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNone)) return;
  request.reply(BinaryStatus::kOk, {}, {}, kVersion, 0);
}

class PacketSink final : public StatSink {
 public:
  explicit PacketSink(BinaryRequest& request) : request_(request) {}

 private:
  void write(std::string_view name, std::string_view value) override {
    request_.reply(BinaryStatus::kOk, {}, name, value, 0);
  }

  BinaryRequest& request_;
};

// A packet for each, and an empty one for the end.
void stat(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kOptional)) return;
  PacketSink out(request);
  if (request.key() == "reset") {
    reset_stats(call);
  } else if (!report_stats(call, request.key(), out)) {
    return request.reply_error(BinaryStatus::kNotFound);
  }
  request.reply_ok();
}

// --- SASL: the one mechanism is PLAIN (RFC 4616).

constexpr std::string_view kMechanism = "PLAIN";

void sasl_list(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNone)) return;
  request.reply(BinaryStatus::kOk, {}, {}, kMechanism, 0);
}

// The value is [whom to act as] NUL user NUL password.
bool accepts(Call& call, std::string_view credentials) {
  const std::size_t first = credentials.find('\0');
  if (first == credentials.npos) return false;
  credentials.remove_prefix(first + 1);
  const std::size_t second = credentials.find('\0');
  if (second == credentials.npos) return false;
  return services(call).logins.authenticate(call.session, credentials.substr(0, second),
                                            credentials.substr(second + 1));
}

void sasl_auth(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNeeded)) return;
  ++stats_of(call).auth_cmds;
  if (request.key() != kMechanism || !accepts(call, request.value())) {
    ++stats_of(call).auth_errors;
    become_default_user(call.session, options(call));
    return request.reply_error(BinaryStatus::kAuthFailed);
  }
  request.reply(BinaryStatus::kOk, {}, {}, "Authenticated", 0);
}

// PLAIN has no second step.
void sasl_step(Call& call) {
  BinaryRequest request(call);
  if (request.has_shape(0, KeyRule::kNeeded)) request.reply_error(BinaryStatus::kAuthFailed);
}

// --- No requests

void malformed(Call& call) {
  BinaryRequest request(call);
  const BinaryHeader& header = request.header();
  const bool contradictory =
      std::uint32_t{header.key_bytes} + header.extras_bytes > header.body_bytes;
  request.refuse(contradictory ? BinaryStatus::kUnknownCommand : BinaryStatus::kInvalid);
}

void unknown(Call& call) { BinaryRequest(call).reply_error(BinaryStatus::kUnknownCommand); }

void unauthenticated(Call& call) {
  BinaryRequest(call).reply_error(BinaryStatus::kAuthFailed);
  end_connection(call);
}

constexpr std::uint32_t kAlways = kLoading | kStale | kFast;
constexpr std::uint32_t kForStrangers = kAlways | kNoAuth | kSkipMonitor | kSkipSlowlog;

constexpr CommandRow row(std::string_view name, Handler handler, std::uint32_t flags) {
  return {.name = name,
          .handler = handler,
          .arity = 4,
          .flags = flags,
          .categories = kConnectionCategory};
}

constexpr CommandRow kRows[] = {
    row("binary flush", flush, kWrite),
    row("binary quit", quit, kAlways),
    row("binary noop", noop, kAlways),
    row("binary stat", stat, kLoading | kStale),
    row("binary version", version, kAlways | kNoAuth),
    row("binary sasl list", sasl_list, kForStrangers),
    row("binary sasl auth", sasl_auth, kForStrangers),
    row("binary sasl step", sasl_step, kForStrangers),
    row("binary malformed", malformed, kForStrangers),
    row("binary unknown", unknown, kForStrangers),
    row("binary unauthenticated", unauthenticated, kForStrangers),
};

}  // namespace

std::span<const CommandRow> memcached_binary_admin_commands() { return kRows; }

}  // namespace tarn
