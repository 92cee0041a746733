// DUMP.

#include "persistence/rdb/rdb_writer.h"
#include "server/commands/families.h"
#include "server/engine/call.h"

namespace tarn {
namespace {

void dump(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.null();
  call.reply.bulk(dump_payload(*entry));
}

constexpr CommandRow kRows[] = {
    {
        .name = "dump",
        .handler = dump,
        .arity = 2,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1) to access the key and additional O(N*M) to serialize it, where N is "
                      "the number of objects composing the value and M their average size. For "
                      "small string values the time complexity is thus O(1)+O(1*M) where M is "
                      "small, so simply O(1).",
        .summary = "Returns a serialized representation of the value stored at a key.",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> dump_commands() { return kRows; }

}  // namespace tarn
