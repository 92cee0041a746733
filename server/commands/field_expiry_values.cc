// Fields of hashes read and written together with their deadlines.

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/field_expiry.h"
#include "server/commands/field_feed.h"
#include "server/commands/hash_access.h"
#include "server/engine/args.h"
#include "server/engine/echo.h"

namespace tarn {
namespace {

struct TimeWord {
  std::string_view lower;
  bool in_seconds;
  bool relative;
};
constexpr TimeWord kTimeWords[] = {
    {"ex", true, true}, {"px", false, true}, {"exat", true, false}, {"pxat", false, false}};

// HGETEX and HSETEX take what follows the key in any order, FIELDS and what it announces included.
class FieldOptions {
 public:
  // The word that says something of deadlines without a time, and how many arguments a field is.
  FieldOptions(std::string_view word, std::size_t stride) : word_(word), stride_(stride) {}

  // Returns false where an error has been sent.
  bool read(Call& call);

  // Fields, and with HSETEX their values; not empty.
  std::span<const std::string_view> fields() const { return fields_; }
  bool has_word() const { return has_word_; }
  bool if_none() const { return if_none_; }  // FNX
  bool if_all() const { return if_all_; }    // FXX
  // The deadline that fields are to get, if they are.
  std::optional<std::int64_t> deadline_ms() const { return deadline_ms_; }

 private:
  bool accept_time(ArgReader& args);
  bool accept_condition(ArgReader& args);
  bool read_fields(ArgReader& args);

  const std::string_view word_;
  const std::size_t stride_;
  std::span<const std::string_view> fields_;
  bool has_word_ = false;
  const TimeWord* time_ = nullptr;
  std::string_view amount_;
  bool if_none_ = false;
  bool if_all_ = false;
  std::optional<std::int64_t> deadline_ms_;
};

bool FieldOptions::read(Call& call) {
  ArgReader args(call, 2);
  while (args.ok() && !args.at_end()) {
    if (args.accept("fields")) {
      if (!read_fields(args)) return false;
    } else if (!accept_time(args) && !accept_condition(args)) {
      call.reply.error(fmt::format("ERR unknown argument: {}", echo(args.next())));
      return false;
    }
  }
  if (fields_.empty()) args.fail("ERR missing FIELDS argument");
  if (args.failed()) return false;
  if (time_ == nullptr) return true;
  deadline_ms_ =
      field_deadline_ms(call, amount_, time_->in_seconds, time_->relative ? call.now_ms() : 0);
  return deadline_ms_.has_value();
}

bool FieldOptions::accept_time(ArgReader& args) {
  const auto* time = std::find_if(
      std::begin(kTimeWords), std::end(kTimeWords),
      [&args](const TimeWord& known) { return equals_ignoring_case(args.peek(), known.lower); });
  const bool is_word = equals_ignoring_case(args.peek(), word_);
  if (time == std::end(kTimeWords) && !is_word) return false;
  args.next();
  if (time_ != nullptr || has_word_) {
    args.fail(word_ == "persist"
                  ? "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified"
                  : "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
  } else if (is_word) {
    has_word_ = true;
  } else if (args.at_end()) {
    args.fail("ERR missing expire time");
  } else {
    time_ = time;
    amount_ = args.next();
  }
  return true;
}

bool FieldOptions::accept_condition(ArgReader& args) {
  if (stride_ == 1) return false;
  const bool had_one = if_none_ || if_all_;
  if (args.accept("fnx")) {
    if_none_ = true;
  } else if (args.accept("fxx")) {
    if_all_ = true;
  } else {
    return false;
  }
  if (had_one) args.fail("ERR Only one of FXX or FNX arguments can be specified");
  return true;
}

bool FieldOptions::read_fields(ArgReader& args) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  Call& call = args.call();
  if (!fields_.empty()) args.fail("ERR FIELDS keyword specified multiple times");
  const bool has_count = !args.at_end();
  std::size_t words = stride_;
  if (has_count) {
    words *= static_cast<std::size_t>(args.integer_in(1, kMax, "ERR invalid number of fields"));
  }
  if (!args.ok()) return true;
  if (!has_count || words > args.remaining()) {
    refuse_argument_count(call);
    return false;
  }
  fields_ = call.args.subspan(args.position(), words);
  while (words-- > 0) args.next();
  return true;
}

// ---- HGETEX

void hgetex(Call& call) {
  FieldOptions options("persist", 1);
  if (!options.read(call)) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);

  const std::optional<std::int64_t> deadline_ms = options.deadline_ms();
  const bool passed = deadline_ms && call.has_passed(*deadline_ms);
  std::size_t changed = 0;
  FieldFeed feed(call, key.bytes);
  call.reply.array(options.fields().size());
  for (const std::string_view field : options.fields()) {
    HashView::Scratch scratch;
    const auto value = hash.view().get(field, scratch);
    write_value(call.reply, value);
    if (!value) continue;
    if (passed) {
      hash.erase(field);
    } else if (deadline_ms) {
      hash.set_deadline(field, *deadline_ms);
    } else if (options.has_word() && hash.view().deadline_ms(field) != kNoDeadline) {
      hash.set_deadline(field, kNoDeadline);
    } else {
      continue;
    }
    ++changed;
    feed.changed(field);
  }
  if (passed) {
    feed.told_deleted();
  } else if (deadline_ms) {
    feed.told_deadline(*deadline_ms);
  } else {
    feed.told_persistent();
  }
  const std::string_view event = passed ? "hdel" : deadline_ms ? "hexpire" : "hpersist";
  commit(call, edit, changed, kNotifyHash, event, key.bytes);
}

// ---- HSETEX

// Whether FNX or FXX lets the pairs be set.
bool conditions_hold(const FieldOptions& options, const HashView& hash) {
  if (!options.if_none() && !options.if_all()) return true;
  const auto pairs = options.fields();
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (hash.contains(pairs[i]) != options.if_all()) return false;
  }
  return true;
}

// Where the deadline has passed already, fields are set and deleted: clients may tell by the
// events.
void hsetex(Call& call) {
  FieldOptions options("keepttl", 2);
  if (!options.read(call)) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);
  if (!conditions_hold(options, hash.view())) return call.reply.integer(0);

  const auto pairs = options.fields();
  const std::int64_t deadline_ms =
      options.has_word() ? kKeepDeadline : options.deadline_ms().value_or(kNoDeadline);
  const bool passed = options.deadline_ms() && call.has_passed(deadline_ms);
  FieldFeed feed(call, key.bytes);
  hash.set_all(pairs, passed ? kNoDeadline : deadline_ms);
  commit(call, edit, pairs.size() / 2, kNotifyHash, "hset", key.bytes);
  if (passed) {
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      hash.erase(pairs[i]);
      feed.changed(pairs[i]);
    }
    feed.told_deleted();
    commit(call, edit, pairs.size() / 2, kNotifyHash, "hdel", key.bytes);
  } else if (options.deadline_ms()) {
    feed.told_set(pairs, options.deadline_ms(), false);
    call.notify(kNotifyHash, "hexpire", key.bytes);
  } else {
    feed.told_set(pairs, std::nullopt, options.has_word());
  }
  call.reply.integer(1);
}

// ---- HGETDEL

void hgetdel(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  ArgReader args(call, 2);
  const auto fields = next_fields(args);
  if (args.failed()) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);

  std::size_t deleted = 0;
  FieldFeed feed(call, key.bytes);
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    HashView::Scratch scratch;
    write_value(call.reply, hash.view().get(field, scratch));
    if (hash.erase(field)) {
      ++deleted;
      feed.changed(field);
    }
  }
  feed.told_deleted();
  commit(call, edit, deleted, kNotifyHash, "hdel", key.bytes);
}

constexpr CommandRow kRows[] = {
    {
        .name = "hgetex",
        .handler = hgetex,
        .arity = -5,
        .flags = kWrite | kFast,
        .categories = kHashCategory,
        .keys = {{{.flags = kRW | kAccess | kUpdate,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .notes = "RW and UPDATE because it changes the TTL"}}},
        .group = "hash",
        .since = "8.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Returns the values of fields of a hash, and sets or removes their deadlines",
        .syntax = "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
                  "PXAT unix-time-milliseconds|PERSIST] "
                  "fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hsetex",
        .handler = hsetex,
        .arity = -6,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "8.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Gives fields of a hash their values, and a deadline",
        .syntax = "key condition=[FNX|FXX] [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
                  "PXAT unix-time-milliseconds|KEEPTTL] "
                  "fields=(FIELDS numfields:integer field value [field value ...])",
    },
    {
        .name = "hgetdel",
        .handler = hgetdel,
        .arity = -5,
        .flags = kWrite | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "hash",
        .since = "8.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Deletes fields of a hash and returns their values",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
    },
};

}  // namespace

std::span<const CommandRow> field_expiry_value_commands() { return kRows; }

}  // namespace tarn
