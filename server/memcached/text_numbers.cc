// incr and decr of the text protocol.

#include "server/memcached/families.h"
#include "server/memcached/item_writer.h"
#include "server/memcached/text_support.h"
#include "server/protocol/memcached_numbers.h"

namespace tarn {
namespace {

using namespace memcached;

constexpr std::string_view kBadDelta = "CLIENT_ERROR invalid numeric delta argument";

void change(Call& call, bool decrement) {
  if (too_many_words(call, 4)) return;
  if (!key_fits(call, 1)) return call.reply.error_line(lines::kBadFormat);
  ArithmeticRequest request{.decrement = decrement};
  if (!parse_memcached_unsigned(call.args[2], request.delta)) {
    return call.reply.error_line(kBadDelta);
  }
  ArithmeticResult result;
  const ItemOutcome outcome = add_to_item(call, call.key(1), request, result);
  count_arithmetic(call, outcome, result.made, decrement);
  if (reply_failure(call, outcome)) return;
  if (outcome != ItemOutcome::kDone) return reply_line(call, "NOT_FOUND");
  write_number(call.reply.out(), result.number);
  call.reply.out().append("\r\n");
}

void incr(Call& call) { change(call, false); }
void decr(Call& call) { change(call, true); }

// Where there is no room too: the number is there, and takes no more memory than before.
constexpr std::uint32_t kNumberFlags = kWrite | kFast;

constexpr CommandRow kRows[] = {
    {.name = "incr",
     .handler = incr,
     .arity = -3,
     .flags = kNumberFlags,
     .categories = kStringCategory,
     .keys = {key_at(1, kRW | kAccess | kUpdate)}},
    {.name = "decr",
     .handler = decr,
     .arity = -3,
     .flags = kNumberFlags,
     .categories = kStringCategory,
     .keys = {key_at(1, kRW | kAccess | kUpdate)}},
};

}  // namespace

std::span<const CommandRow> memcached_number_commands() { return kRows; }

}  // namespace tarn
