// LCS: what two strings have in common.

#include <limits>
#include <string>

#include "core/keyspace/keyspace.h"
#include "core/types/lcs.h"
#include "server/commands/families.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kNotStrings = "ERR The specified keys must contain string values";
constexpr std::string_view kLengthAndIndexes =
    "ERR If you want both the length and indexes, please just use IDX.";
constexpr std::string_view kTooMuchMemory =
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool with_match_length = false;
  std::int64_t min_match_length = 0;

  void read(ArgReader& args) {
    while (args.ok() && !args.at_end()) {
      if (args.accept("idx")) {
        indexes = true;
      } else if (args.accept("len")) {
        length = true;
      } else if (args.accept("withmatchlen")) {
        with_match_length = true;
      } else if (args.accept("minmatchlen", 1)) {
        min_match_length = args.integer();
      } else {
        args.fail_syntax();
      }
    }
    if (length && indexes) args.fail(kLengthAndIndexes);
  }
};

// Redis needs four bytes for each cell of its table and refuses more than proto-max-bulk-len of
// them. Ours takes a 32nd of that, but clients may count on the limit, which also bounds the time.
bool fits_limit(std::size_t a, std::size_t b, std::uint64_t limit) {
  std::uint64_t bytes = 0;
  return !__builtin_mul_overflow(std::uint64_t{a} + 1, std::uint64_t{b} + 1, &bytes) &&
         !__builtin_mul_overflow(bytes, sizeof(std::uint32_t), &bytes) && bytes <= limit;
}

std::size_t total_length(const std::vector<LcsRun>& runs) {
  std::size_t total = 0;
  for (const LcsRun& run : runs) total += run.length;
  return total;
}

void reply_text(Call& call, std::string_view a, const std::vector<LcsRun>& runs) {
  std::string text;
  text.reserve(total_length(runs));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    text.append(a, run->a_begin, run->length);
  }
  call.reply.bulk(text);
}

void reply_range(Call& call, std::size_t begin, std::size_t length) {
  call.reply.array(2);
  call.reply.integer(static_cast<std::int64_t>(begin));
  call.reply.integer(static_cast<std::int64_t>(begin + length - 1));
}

void reply_indexes(Call& call, const std::vector<LcsRun>& runs, const LcsOptions& options) {
  call.reply.map(2);
  call.reply.bulk("matches");
  const OutputBuffer::Placeholder matches = call.reply.open_array();
  std::size_t count = 0;
  for (const LcsRun& run : runs) {
    if (static_cast<std::int64_t>(run.length) < options.min_match_length) continue;
    ++count;
    call.reply.array(options.with_match_length ? 3 : 2);
    reply_range(call, run.a_begin, run.length);
    reply_range(call, run.b_begin, run.length);
    if (options.with_match_length) call.reply.integer(static_cast<std::int64_t>(run.length));
  }
  call.reply.close_array(matches, count);
  call.reply.bulk("len");
  call.reply.integer(static_cast<std::int64_t>(total_length(runs)));
}

void lcs(Call& call) {
  const Entry* first = call.db().find(call.key(1));
  const Entry* second = call.db().find(call.key(2));
  for (const Entry* entry : {first, second}) {
    if (entry != nullptr && entry->type() != Type::kString) return call.reply.error(kNotStrings);
  }
  ArgReader args(call, 3);
  LcsOptions options;
  options.read(args);
  if (args.failed()) return;

  const BytesOf a(first);
  const BytesOf b(second);
  if (!fits_limit(a.size(), b.size(), call.feature<const Config>().options().proto_max_bulk_len)) {
    return call.reply.error(kTooMuchMemory);
  }
  if (options.length) return call.reply.integer(static_cast<std::int64_t>(lcs_length(a, b)));
  const std::vector<LcsRun> runs = lcs_runs(a, b);
  options.indexes ? reply_indexes(call, runs, options) : reply_text(call, a, runs);
}

constexpr CommandRow kRows[] = {
    {
        .name = "lcs",
        .handler = lcs,
        .arity = -3,
        .flags = kReadonly,
        .categories = kStringCategory,
        .keys = {keys_from(1, 2, 1, kRO | kAccess)},
        .group = "string",
        .since = "7.0.0",
        .complexity = "O(N*M) where N and M are the lengths of the strings, 64 steps at a time",
        .summary = "Finds the longest common subsequence of two strings",
        .syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
    },
};

}  // namespace

std::span<const CommandRow> string_lcs_commands() { return kRows; }

}  // namespace tarn
