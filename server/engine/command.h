#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/command_stats.h"

namespace tarn {

class Call;

// Handlers read their arguments, call the keyspace and write one reply.
using Handler = void (*)(Call& call);

// What a command is like, under the names that COMMAND INFO shows. Everything that the dispatcher's
// gates need to know is here or in the arity.
enum CommandFlag : std::uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubsub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,  // allowed while a dataset is loaded
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,  // allowed before AUTH
  kMayReplicate = 1u << 14,
  kNoMulti = 1u << 15,
  kNoAsyncLoading = 1u << 16,
  kAllowBusy = 1u << 17,
  kProtected = 1u << 18,    // behind enable-debug-command or the like
  kMovableKeys = 1u << 19,  // derived: the key specs do not say where all keys are
  kNoMandatoryKeys = 1u << 20,
  kNeverQueued = 1u << 21,      // runs at once, even in a transaction
  kWhileSubscribed = 1u << 22,  // RESP2 allows it to a client that subscribes to something
};

// ACL categories. Those that follow from flags (read, write, fast, slow, admin, dangerous, pubsub,
// blocking) are derived; a row names the rest.
enum Category : std::uint32_t {
  kKeyspaceCategory = 1u << 0,
  kReadCategory = 1u << 1,
  kWriteCategory = 1u << 2,
  kSetCategory = 1u << 3,
  kSortedSetCategory = 1u << 4,
  kListCategory = 1u << 5,
  kHashCategory = 1u << 6,
  kStringCategory = 1u << 7,
  kBitmapCategory = 1u << 8,
  kHyperloglogCategory = 1u << 9,
  kGeoCategory = 1u << 10,
  kStreamCategory = 1u << 11,
  kPubsubCategory = 1u << 12,
  kAdminCategory = 1u << 13,
  kFastCategory = 1u << 14,
  kSlowCategory = 1u << 15,
  kBlockingCategory = 1u << 16,
  kDangerousCategory = 1u << 17,
  kConnectionCategory = 1u << 18,
  kTransactionCategory = 1u << 19,
  kScriptingCategory = 1u << 20,
};

// What a command does to the keys that a spec finds; names as in COMMAND INFO.
enum KeySpecFlag : std::uint16_t {
  kRO = 1u << 0,  // reads the value
  kRW = 1u << 1,  // reads and changes it
  kOW = 1u << 2,  // overwrites it
  kRM = 1u << 3,  // deletes it
  kAccess = 1u << 4,
  kUpdate = 1u << 5,
  kInsert = 1u << 6,
  kDelete = 1u << 7,
  kNotKey = 1u << 8,
  kIncomplete = 1u << 9,
  kVariableFlags = 1u << 10,
};

// Where keys stand among the arguments (Redis 7's "key specifications"): where to begin, and how to
// go on from there.
struct KeySpec {
  enum class Begin : std::uint8_t { kNone, kIndex, kKeyword, kUnknown };
  enum class Find : std::uint8_t { kRange, kKeyCount, kUnknown };

  std::uint16_t flags = 0;
  Begin begin = Begin::kNone;  // kNone: no such spec
  int index = 0;               // the argument to begin at; for a keyword, where its search starts
  std::string_view keyword{};
  Find find = Find::kRange;
  int last = 0;  // relative to the beginning; negative counts from the end
  int step = 1;
  int limit = 0;             // with last == -1: 2 means the first half of the rest, and so on
  int key_count_index = 0;   // kKeyCount: where the count stands and where the keys begin,
  int first_key_offset = 0;  // relative to the beginning
  std::string_view notes{};
};

constexpr KeySpec key_at(int index, int flags) {
  return {
      .flags = static_cast<std::uint16_t>(flags), .begin = KeySpec::Begin::kIndex, .index = index};
}
// Keys from `first` to `last` (counted from the end where negative), every `step` arguments.
constexpr KeySpec keys_from(int first, int last, int step, int flags) {
  return {.flags = static_cast<std::uint16_t>(flags),
          .begin = KeySpec::Begin::kIndex,
          .index = first,
          .last = last < 0 ? last : last - first,
          .step = step};
}

// A key among the arguments of a call.
struct FoundKey {
  int position;
  std::uint16_t flags;  // KeySpecFlag
};

// One command: adding one is adding such a row beside its handler, and nothing else.
struct CommandRow {
  std::string_view name;         // lower case
  Handler handler = nullptr;     // none for a container of subcommands
  int arity = 0;                 // arguments with the name; -n for at least n
  std::uint32_t flags = 0;       // CommandFlag
  std::uint32_t categories = 0;  // Category
  // What is said where there is no room for a command with kDenyOom; empty for Redis's words.
  std::string_view out_of_memory{};
  // Runs in place of the handler there, and replies; it takes no memory to speak of.
  Handler on_no_room = nullptr;
  std::array<KeySpec, 4> keys{};
  // Asked in place of the specs where these cannot tell which arguments are keys or, for a spec
  // with kVariableFlags, what is done to them. Appends the keys; returns false where the arguments
  // do not fit.
  bool (*find_keys)(std::span<const std::string_view> args, std::vector<FoundKey>& keys) = nullptr;
  std::string_view group{};
  std::string_view since{};
  std::string_view complexity{};
  std::string_view summary{};
  // The arguments in the usual notation, from which COMMAND DOCS and hints are made (see
  // command_syntax.h):
  // "key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]", "key [key ...]".
  std::string_view syntax{};
  std::string_view tips{};     // space-separated: "request_policy:all_shards ..."
  std::string_view history{};  // "6.2.0: Added the GET option.\n7.0.0: ..."
  std::string_view deprecated_since{};
  std::string_view replaced_by{};
  bool is_internal = false;  // not for applications
  std::span<const CommandRow> subcommands{};
};

// A row as the running server knows it.
struct Command {
  const CommandRow* row;
  const Command* parent = nullptr;
  std::string full_name;  // "client|list"
  std::uint32_t flags;
  std::uint32_t categories;
  // The keys that one range can say: first and last position, step; all zero for none.
  int first_key = 0;
  int last_key = 0;
  int key_step = 0;
  // The argument that names a member, or field, of the collection at first_key; 0 for none. Where
  // options may stand before it, its place without them.
  std::size_t member = 0;
  void* feature = nullptr;             // what the family was registered with
  const void* feature_type = nullptr;  // guards Call::feature
  std::vector<std::unique_ptr<Command>> subcommands;
  mutable CommandStats stats;

  bool arity_fits(std::size_t args) const {
    const int count = static_cast<int>(args);
    return row->arity < 0 ? count >= -row->arity : count == row->arity;
  }
};

}  // namespace tarn
