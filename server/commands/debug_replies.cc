#include "server/commands/debug_subcommand.h"
#include "server/engine/args.h"

// Replies of every kind, for tests of clients.

namespace tarn {
namespace {

constexpr std::string_view kNeedsResp3 = "ERR RESP2 is not supported by this command";
constexpr std::int64_t kElements = 3;

void reply_elements(Reply& reply) {
  for (std::int64_t i = 0; i < kElements; ++i) reply.integer(i);
}

void reply_map(Reply& reply) {
  reply.map(kElements);
  for (std::int64_t i = 0; i < kElements; ++i) {
    reply.integer(i);
    reply.boolean(i == 1);
  }
}

// RESP2 knows no attributes; there the reply comes alone.
void reply_attribute(Reply& reply) {
  if (reply.resp3()) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
}

// A push is no reply: clients that want none are sent it, and one follows for those that wait.
void send_push(Call& call) {
  if (!call.reply.resp3()) return call.reply.error(kNeedsResp3);
  const bool quiet = call.session.reply_mode != Session::ReplyMode::kOn;
  Reply push(quiet ? call.session.pushes() : call.reply.out(), call.session.protocol,
             Dialect::kResp);
  push.push(2);
  push.bulk("server-cpu-usage");
  push.integer(42);
  call.reply.bulk("Some real reply following the push reply");
}

struct Sample {
  std::string_view type;
  void (*write)(Reply& reply);
};

constexpr Sample kSamples[] = {
    {"string", [](Reply& reply) { reply.bulk("Hello World"); }},
    {"integer", [](Reply& reply) { reply.integer(12345); }},
    {"double", [](Reply& reply) { reply.real_digits("3.141"); }},
    {"bignum", [](Reply& reply) { reply.big_number("1234567999999999999999999999999999999"); }},
    {"null", [](Reply& reply) { reply.null(); }},
    {"array",
     [](Reply& reply) {
       reply.array(kElements);
       reply_elements(reply);
     }},
    {"set",
     [](Reply& reply) {
       reply.set(kElements);
       reply_elements(reply);
     }},
    {"map", reply_map},
    {"attrib", reply_attribute},
    {"verbatim", [](Reply& reply) { reply.verbatim("txt", "This is a verbatim\nstring"); }},
    {"true", [](Reply& reply) { reply.boolean(true); }},
    {"false", [](Reply& reply) { reply.boolean(false); }},
};

void debug_protocol(Call& call) {
  if (equals_ignoring_case(call.args[2], "push")) return send_push(call);
  for (const Sample& sample : kSamples) {
    if (equals_ignoring_case(call.args[2], sample.type)) return sample.write(call.reply);
  }
  call.reply.error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

// Nothing has failed, so the error is not to be found in any statistics.
void debug_error(Call& call) {
  call.reply.error(call.args[2]);
  call.reply.take_failed();
}

constexpr DebugSubcommand kRows[] = {
    {"protocol", debug_protocol, 1, 1, "type",
     "Replies with a value of a type: string, integer, double, bignum, null, array, set, map, "
     "attrib, push, verbatim, true or false"},
    {"error", debug_error, 1, 1, "text", "Replies with an error of this text"},
};

}  // namespace

std::span<const DebugSubcommand> debug_reply_subcommands() { return kRows; }

}  // namespace tarn
