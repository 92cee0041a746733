#include "persistence/backup/backup_queue.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRetryMs = 1000;

std::optional<BackupQueue::Item> item_of(const std::string& file_name) {
  const std::size_t dash = file_name.find('-');
  if (dash == std::string::npos || dash + 1 == file_name.size()) return std::nullopt;
  BackupQueue::Item item{0, file_name.substr(dash + 1)};
  const char* const end = file_name.data() + dash;
  const auto [last, fault] = std::from_chars(file_name.data(), end, item.number);
  if (fault != std::errc() || last != end) return std::nullopt;
  return item;
}

}  // namespace

Result<> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EEXIST || errno == ENOENT) return file_error("make", to, errno);
  // A copy gets its name when it is whole, so that a torn one is never taken for the file.
  const std::string unfinished = to + ".part";
  if (const auto copied = copy_beginning(from, unfinished, file_bytes(from)); !copied) {
    return copied;
  }
  return rename_file(unfinished, to);
}

Result<> BackupQueue::open() {
  items_.clear();
  std::error_code fault;
  if (!fs::exists(directory_, fault)) return {};
  for (fs::directory_iterator files(directory_, fault), end; !fault && files != end;
       files.increment(fault)) {
    const std::string file_name = files->path().filename();
    if (file_name.ends_with(".part")) {
      std::error_code ignored;
      fs::remove(files->path(), ignored);
    } else if (auto item = item_of(file_name)) {
      items_.push_back(std::move(*item));
    }
  }
  if (fault) return file_error("read", directory_, fault.value());
  std::sort(items_.begin(), items_.end(),
            [](const Item& a, const Item& b) { return a.number < b.number; });
  if (!items_.empty()) next_number_ = items_.back().number + 1;
  return {};
}

void BackupQueue::add(const std::string& path, std::string_view name) {
  coming_.push_back({path, std::string(name)});
  if (coming_.size() == 1) add_next();
}

void BackupQueue::add_next() {
  const Item item{next_number_, coming_.front().name};
  auto work = [directory = directory_, from = coming_.front().path,
               to = path_of(item)]() -> Result<> {
    std::error_code fault;
    fs::create_directories(directory, fault);
    if (fault) return file_error("make", directory, fault.value());
    fs::remove(to, fault);  // which an earlier try may have made
    if (const auto linked = link_or_copy(from, to); !linked) return linked;
    return sync_directory_of(to);
  };
  files_.add(std::move(work), [this, item](const Result<>& result) { on_added(item, result); });
}

void BackupQueue::on_added(const Item& item, const Result<>& result) {
  if (!result) {
    if (!std::exchange(failing_, true)) {
      log::warn("{} cannot be backed up yet, which is tried again: {}", coming_.front().path,
                result.error().message);
    }
    try_again_ = true;
    return;
  }
  failing_ = false;
  ++next_number_;
  items_.push_back(item);
  coming_.pop_front();
  if (!coming_.empty()) add_next();
}

void BackupQueue::tick(std::int64_t monotonic_ms) {
  if (!try_again_ || monotonic_ms < next_try_ms_) return;
  try_again_ = false;
  next_try_ms_ = monotonic_ms + kRetryMs;
  add_next();
}

void BackupQueue::pop() {
  auto remove = [path = front_path()]() -> Result<> {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return file_error("remove", path, errno);
  };
  files_.add(std::move(remove), [](const Result<>& result) {
    if (!result) log::warn("{}: it will be backed up once more", result.error().message);
  });
  items_.pop_front();
}

std::string BackupQueue::path_of(const Item& item) const {
  return fmt::format("{}/{:09}-{}", directory_, item.number, item.name);
}

}  // namespace tarn
