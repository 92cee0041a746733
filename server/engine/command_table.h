#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/command.h"

namespace tarn {

// One address a type: tells features apart without run-time type information.
template <class T>
inline constexpr char kTypeTag = 0;

// All commands by name. Families register their rows, with the feature that their handlers work on.
class CommandTable {
 public:
  // `prefix` stands before the full names of commands, where those of another table have the same.
  explicit CommandTable(std::string prefix = {});

  void add(std::span<const CommandRow> rows) { add(rows, nullptr, nullptr); }
  template <class Feature>
  void add(std::span<const CommandRow> rows, Feature& feature) {
    add(rows, const_cast<void*>(static_cast<const void*>(&feature)), &kTypeTag<Feature>);
  }

  // The command or, for a container, still the container; nullptr for an unknown name. Any case.
  const Command* find(std::string_view name) const;
  // The subcommand; nullptr for an unknown one.
  static const Command* find_subcommand(const Command& container, std::string_view name);
  // "client|list" or "get".
  const Command* find_full(std::string_view full_name) const;

  // In the order of registration; containers hold their subcommands.
  std::span<const std::unique_ptr<Command>> commands() const { return commands_; }

  void reset_stats();

  // Gives a command another name; an empty one removes it. Returns false for an unknown name or a
  // new name that is taken. For rename-command, before anyone is served.
  bool rename(std::string_view name, std::string_view new_name);

 private:
  struct Bucket {
    std::uint64_t prefix[2] = {};  // the lower-case name, or its first 16 bytes
    const Command* command = nullptr;
    std::string name;
  };

  void add(std::span<const CommandRow> rows, void* feature, const void* feature_type);
  void index(std::string name, const Command* command);
  void grow();

  const std::string prefix_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<Bucket> buckets_;  // open addressing, a power of two of them
  std::size_t used_ = 0;
};

// The positions of the keys among `args` (args[0] is the command's name). Returns false where the
// arguments do not fit the command's key specs.
bool find_keys(const Command& command, std::span<const std::string_view> args,
               std::vector<FoundKey>& keys);

}  // namespace tarn
