// Transactions: commands that run together or, if a watched key has changed, not at all.

#include "server/commands/families.h"
#include "server/engine/call.h"
#include "server/engine/transactions.h"

namespace tarn {
namespace {

void multi(Call& call) {
  if (in_transaction(call.session)) return call.reply.error("ERR MULTI calls can not be nested");
  Transactions::begin(call.session);
  call.reply.ok();
}

void exec(Call& call) {
  if (!in_transaction(call.session)) return call.reply.error("ERR EXEC without MULTI");
  call.feature<Transactions>().execute(call.session);
}

void discard(Call& call) {
  if (!in_transaction(call.session)) return call.reply.error("ERR DISCARD without MULTI");
  discard_transaction(call.session);
  call.reply.ok();
}

void watch(Call& call) {
  if (in_transaction(call.session)) {
    return call.reply.error("ERR WATCH inside MULTI is not allowed");
  }
  for (const std::string_view key : call.args.subspan(1)) {
    call.feature<Transactions>().watch(call.session, key);
  }
  call.reply.ok();
}

void unwatch(Call& call) {
  Transactions::unwatch(call.session);
  call.reply.ok();
}

constexpr std::uint32_t kFlags = kNoScript | kLoading | kStale | kFast | kAllowBusy;

constexpr CommandRow kRows[] = {
    {
        .name = "multi",
        .handler = multi,
        .arity = 1,
        .flags = kFlags | kNeverQueued,
        .categories = kTransactionCategory,
        .group = "transactions",
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Begins a transaction: the commands that follow are queued",
    },
    {
        .name = "exec",
        .handler = exec,
        .arity = 1,
        .flags = kNoScript | kLoading | kStale | kSkipSlowlog | kNeverQueued,
        .categories = kTransactionCategory,
        .group = "transactions",
        .since = "1.2.0",
        .complexity = "That of the queued commands together",
        .summary = "Runs the queued commands, unless a watched key has changed",
    },
    {
        .name = "discard",
        .handler = discard,
        .arity = 1,
        .flags = kFlags | kNeverQueued,
        .categories = kTransactionCategory,
        .group = "transactions",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of queued commands",
        .summary = "Ends a transaction without running it",
    },
    {
        .name = "watch",
        .handler = watch,
        .arity = -2,
        .flags = kFlags | kNeverQueued,
        .categories = kTransactionCategory,
        .keys = {keys_from(1, -1, 1, kRO)},
        .group = "transactions",
        .since = "2.2.0",
        .complexity = "O(1) for each key",
        .summary = "Lets the next transaction fail if one of the keys changes before",
        .syntax = "key [key ...]",
    },
    {
        .name = "unwatch",
        .handler = unwatch,
        .arity = 1,
        .flags = kFlags,
        .categories = kTransactionCategory,
        .group = "transactions",
        .since = "2.2.0",
        .complexity = "O(1) for each watched key",
        .summary = "Watches no key any more",
    },
};

}  // namespace

std::span<const CommandRow> transaction_commands() { return kRows; }

}  // namespace tarn
