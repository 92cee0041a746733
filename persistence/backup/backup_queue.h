#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tarn {

// Finished files that wait to be copied elsewhere: snapshots, closed segments of the append-only
// file, bases.
//
// The queue is a directory. What is added is linked into it (or copied, where the file system has
// no hard links), so a file can be waited for however soon its owner deletes or replaces it, and
// what waited when the server ended is still there when it starts again. An entry's file is
// "<number>-<name>": the numbers are the order in which they came.
class BackupQueue {
 public:
  struct Item {
    std::uint64_t number;
    std::string name;  // as it was added
  };

  // The directory is made with the first file.
  explicit BackupQueue(std::string directory) : directory_(std::move(directory)) {}

  // Finds what an earlier run has left.
  Result<> open();
  // Adds the file under a name of its own; the file must be complete, and is not written again.
  Result<> add(const std::string& path, std::string_view name);

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  // The one that has waited longest, and where it lies. REQUIRES: !empty()
  const Item& front() const { return items_.front(); }
  std::string front_path() const { return path_of(items_.front()); }
  // It is safe elsewhere. REQUIRES: !empty()
  Result<> pop();

 private:
  std::string path_of(const Item& item) const;

  std::string directory_;
  std::deque<Item> items_;
  std::uint64_t next_number_ = 1;
};

// Makes `to` the same file as `from`, or a copy of it, complete and synced. Fails where `to`
// exists.
Result<> link_or_copy(const std::string& from, const std::string& to);

}  // namespace tarn
