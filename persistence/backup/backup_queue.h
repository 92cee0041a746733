#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "persistence/io/file_worker.h"

namespace tarn {

// Finished files that wait to be copied elsewhere: snapshots, closed segments of the append-only
// file, bases.
//
// The queue is a directory. What is added is linked into it (or copied, where the file system has
// no hard links), so a file can be waited for however soon its owner deletes or replaces it, and
// what waited when the server ended is still there when it starts again. An entry's file is
// "<number>-<name>": the numbers are the order in which they came. A FileWorker makes and deletes
// these files, as a disk may take long for it.
class BackupQueue {
 public:
  struct Item {
    std::uint64_t number;
    std::string name;  // as it was added
  };

  // The directory is made with the first file.
  BackupQueue(std::string directory, FileWorker& files)
      : directory_(std::move(directory)), files_(files) {}

  // Finds what an earlier run has left.
  Result<> open();
  // Adds the file under a name of its own, soon; the file must be complete, and is not written
  // again. Where that fails it is tried again until it works.
  void add(const std::string& path, std::string_view name);
  // Files that were added are not in the queue yet, and must stay where they are.
  bool adding() const { return !coming_.empty(); }
  // Tries again what has failed. Several times a second.
  void tick(std::int64_t monotonic_ms);

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  const std::string& directory() const { return directory_; }
  // The one that has waited longest, and where it lies. REQUIRES: !empty()
  const Item& front() const { return items_.front(); }
  std::string front_path() const { return path_of(items_.front()); }
  // It is safe elsewhere. REQUIRES: !empty()
  void pop();

 private:
  struct Coming {
    std::string path;
    std::string name;
  };

  std::string path_of(const Item& item) const;
  void add_next();
  void on_added(const Item& item, const Result<>& result);

  const std::string directory_;
  FileWorker& files_;
  std::deque<Item> items_;
  std::deque<Coming> coming_;  // the worker has the first
  bool failing_ = false;
  bool try_again_ = false;
  std::int64_t next_try_ms_ = 0;
  std::uint64_t next_number_ = 1;
};

// Makes `to` the same file as `from`, or a copy of it, complete and synced. Fails where `to`
// exists.
Result<> link_or_copy(const std::string& from, const std::string& to);

}  // namespace tarn
