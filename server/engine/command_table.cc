#include "server/engine/command_table.h"

#include <algorithm>
#include <cstring>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "server/engine/args.h"
#include "server/engine/command_syntax.h"

namespace tarn {
namespace {

constexpr std::size_t kPrefixBytes = 16;
constexpr std::size_t kFirstBuckets = 1024;

struct Prefix {
  std::uint64_t words[2] = {};

  std::size_t bucket() const {
    const std::uint64_t mixed = (words[0] ^ (words[1] * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
    return mixed >> 40;
  }
};

// The name in lower case, as far as it fits. Setting bit 5 also changes bytes that are no letters;
// names that become equal by that are told apart afterwards, by the full comparison.
Prefix prefix_of(std::string_view name) {
  Prefix prefix;
  std::memcpy(prefix.words, name.data(), std::min(name.size(), kPrefixBytes));
  constexpr std::uint64_t kLowerCase = 0x2020202020202020;
  prefix.words[0] |= kLowerCase;
  prefix.words[1] |= kLowerCase;
  return prefix;
}

std::uint32_t derived_categories(const CommandRow& row) {
  std::uint32_t categories = row.categories;
  if ((row.flags & kWrite) != 0) categories |= kWriteCategory;
  // Scripts read and write by what they call, not by themselves.
  if ((row.flags & kReadonly) != 0 && (categories & kScriptingCategory) == 0) {
    categories |= kReadCategory;
  }
  if ((row.flags & kAdmin) != 0) categories |= kAdminCategory | kDangerousCategory;
  if ((row.flags & kPubsub) != 0) categories |= kPubsubCategory;
  if ((row.flags & kBlocking) != 0) categories |= kBlockingCategory;
  categories |= (row.flags & kFast) != 0 ? kFastCategory : kSlowCategory;
  return categories;
}

// What the old three numbers of COMMAND INFO can say of the specs: the first, or the union of
// ranges that follow each other.
void derive_key_range(Command& command) {
  const auto& specs = command.row->keys;
  bool all_ranges = true;
  int first = 0;
  int last = 0;
  int step = 0;
  for (const KeySpec& spec : specs) {
    if (spec.begin == KeySpec::Begin::kNone) break;
    if ((spec.flags & kIncomplete) != 0) all_ranges = false;
    if (spec.begin != KeySpec::Begin::kIndex || spec.find != KeySpec::Find::kRange) {
      all_ranges = false;
      continue;
    }
    const int spec_last = spec.last < 0 ? spec.last : spec.index + spec.last;
    if (first == 0) {
      first = spec.index;
      last = spec_last;
      step = spec.step;
    } else if (spec.index == last + 1 || (last > 0 && spec.index == last + step)) {
      step = spec.index - last > 1 ? spec.index - last : std::max(step, 1);
      last = spec_last;
    } else {
      all_ranges = false;
    }
  }
  command.first_key = first;
  command.last_key = last;
  command.key_step = step;
  if (!all_ranges) command.flags |= kMovableKeys;
}

// Finds the first argument that the syntax calls a field or member; `position` counts the ones
// before it. Options are passed over.
bool find_member(const std::vector<CommandArgument>& arguments, std::size_t& position) {
  for (const CommandArgument& argument : arguments) {
    if (argument.optional) continue;
    if (!argument.token.empty() && argument.type != CommandArgument::Type::kPureToken) ++position;
    if (argument.type == CommandArgument::Type::kBlock) {
      if (find_member(argument.members, position)) return true;
      continue;
    }
    if (argument.name == "field" || argument.name == "member") return true;
    ++position;
  }
  return false;
}

void derive_member(Command& command) {
  constexpr std::uint32_t kWithMembers = kHashCategory | kSetCategory | kSortedSetCategory;
  if ((command.row->categories & kWithMembers) == 0 || command.first_key == 0) return;
  std::size_t position = 1;
  if (find_member(parse_syntax(*command.row), position)) command.member = position;
}

}  // namespace

CommandTable::CommandTable(std::string prefix)
    : prefix_(std::move(prefix)), buckets_(kFirstBuckets) {}

void CommandTable::reset_stats() {
  for (const auto& command : commands_) {
    command->stats.reset();
    for (const auto& subcommand : command->subcommands) subcommand->stats.reset();
  }
}

void CommandTable::add(std::span<const CommandRow> rows, void* feature, const void* feature_type) {
  const auto make = [&](const CommandRow& row, const Command* parent) {
    auto command = std::make_unique<Command>();
    command->row = &row;
    command->parent = parent;
    command->full_name = (parent == nullptr ? prefix_ : parent->full_name + "|");
    command->full_name += row.name;
    command->flags = row.flags;
    command->categories = derived_categories(row);
    command->feature = feature;
    command->feature_type = feature_type;
    derive_key_range(*command);
    derive_member(*command);
    return command;
  };
  for (const CommandRow& row : rows) {
    TARN_ASSERT(find(row.name) == nullptr);
    auto command = make(row, nullptr);
    for (const CommandRow& subrow : row.subcommands) {
      command->subcommands.push_back(make(subrow, command.get()));
    }
    index(std::string(row.name), command.get());
    commands_.push_back(std::move(command));
  }
}

const Command* CommandTable::find(std::string_view name) const {
  const Prefix prefix = prefix_of(name);
  const std::size_t mask = buckets_.size() - 1;
  for (std::size_t i = prefix.bucket() & mask;; i = (i + 1) & mask) {
    const Bucket& bucket = buckets_[i];
    if (bucket.name.empty()) return nullptr;
    if (bucket.prefix[0] == prefix.words[0] && bucket.prefix[1] == prefix.words[1] &&
        equals_ignoring_case(name, bucket.name)) {
      return bucket.command;
    }
  }
}

const Command* CommandTable::find_subcommand(const Command& container, std::string_view name) {
  for (const auto& subcommand : container.subcommands) {
    if (equals_ignoring_case(name, subcommand->row->name)) return subcommand.get();
  }
  return nullptr;
}

const Command* CommandTable::find_full(std::string_view full_name) const {
  const std::size_t bar = full_name.find('|');
  const Command* command = find(full_name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return find_subcommand(*command, full_name.substr(bar + 1));
}

bool CommandTable::rename(std::string_view name, std::string_view new_name) {
  const Command* command = find(name);
  if (command == nullptr || (!new_name.empty() && find(new_name) != nullptr)) return false;
  std::vector<Bucket> old(buckets_.size());
  old.swap(buckets_);
  used_ = 0;
  for (Bucket& bucket : old) {
    if (bucket.name.empty() || equals_ignoring_case(name, bucket.name)) continue;
    index(std::move(bucket.name), bucket.command);
  }
  if (new_name.empty()) {
    std::erase_if(commands_, [command](const auto& known) { return known.get() == command; });
  } else {
    index(lower_case(new_name), command);
  }
  return true;
}

void CommandTable::index(std::string name, const Command* command) {
  if (used_ * 2 >= buckets_.size()) grow();
  const Prefix prefix = prefix_of(name);
  const std::size_t mask = buckets_.size() - 1;
  std::size_t i = prefix.bucket() & mask;
  while (!buckets_[i].name.empty()) i = (i + 1) & mask;
  buckets_[i] = {{prefix.words[0], prefix.words[1]}, command, std::move(name)};
  ++used_;
}

void CommandTable::grow() {
  std::vector<Bucket> old(buckets_.size() * 2);
  old.swap(buckets_);
  used_ = 0;
  for (Bucket& bucket : old) {
    if (!bucket.name.empty()) index(std::move(bucket.name), bucket.command);
  }
}

// --- Keys among arguments

namespace {

// Where the spec's keys begin; 0 for nowhere, -1 where the arguments do not fit.
int beginning(const KeySpec& spec, std::span<const std::string_view> args) {
  const int count = static_cast<int>(args.size());
  if (spec.begin == KeySpec::Begin::kIndex) return spec.index < count ? spec.index : -1;
  if (spec.begin != KeySpec::Begin::kKeyword) return 0;
  const int step = spec.index > 0 ? 1 : -1;
  const int start = spec.index > 0 ? spec.index : count + spec.index;
  for (int i = start; i >= 1 && i < count; i += step) {
    if (equals_ignoring_case(args[static_cast<std::size_t>(i)], spec.keyword)) return i + 1;
  }
  return 0;
}

bool find_spec_keys(const KeySpec& spec, std::span<const std::string_view> args,
                    std::vector<FoundKey>& keys) {
  const int count = static_cast<int>(args.size());
  int first = beginning(spec, args);
  if (first < 0) return false;
  if (first == 0) return true;
  int last = first;
  int step = spec.step;
  if (spec.find == KeySpec::Find::kKeyCount) {
    const int at = first + spec.key_count_index;
    std::int64_t wanted = 0;
    if (at >= count || !parse_int64(args[static_cast<std::size_t>(at)], wanted) || wanted < 0 ||
        wanted > count) {
      return false;
    }
    first += spec.first_key_offset;
    last = first + (static_cast<int>(wanted) - 1) * step;
  } else if (spec.last >= 0) {
    last = first + spec.last;
  } else if (spec.limit > 1) {
    last = first + (count - first) / spec.limit + spec.last;
  } else {
    last = count + spec.last;
  }
  if (last >= count) return false;
  for (int i = first; i <= last; i += step) keys.push_back({i, spec.flags});
  return true;
}

}  // namespace

bool find_keys(const Command& command, std::span<const std::string_view> args,
               std::vector<FoundKey>& keys) {
  if (command.row->find_keys != nullptr) return command.row->find_keys(args, keys);
  for (const KeySpec& spec : command.row->keys) {
    if (spec.begin == KeySpec::Begin::kNone) break;
    if ((spec.flags & kNotKey) != 0) continue;
    if (!find_spec_keys(spec, args, keys)) return false;
  }
  return true;
}

}  // namespace tarn
