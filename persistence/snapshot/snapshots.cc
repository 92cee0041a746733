#include "persistence/snapshot/snapshots.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <fmt/core.h>

#include "core/base/log.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/files.h"

namespace tarn {

namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;

void tell_of_kill() { log::warn("There is a child saving a snapshot. Killing it!"); }

// Takes the name of a file away. Its last descriptor is what is returned, negative where there is
// no file: the system may take long to free what a large one took, and does so at the close().
Result<int> take_name(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return fd;
  const int error_number = errno;
  if (fd >= 0) ::close(fd);
  return file_error("delete", path, error_number);
}

// Leaves a file alone that was saved since.
Result<bool> write_where_none_is(const std::string& path, std::string_view content) {
  auto file = AtomicFile::create(path, path + ".empty.tmp");
  if (!file) return file.error();
  if (const auto written = (*file)->sink().write(content); !written) return written.error();
  return (*file)->commit_unless_there();
}

}  // namespace

Snapshots::Snapshots(Databases& databases, const Clock& clock, FileWorker& files)
    : databases_(databases), clock_(clock), files_(files) {
  history_.last_save_s = now_s();
}

Result<> Snapshots::save() {
  TARN_ASSERT(!in_progress());
  ++stats_.saves;
  const std::uint64_t changes = databases_.stats().changes;
  Result<> written = may_write();
  if (written) written = save_snapshot(databases_, settings.file, settings.path, {});
  if (!written) {
    log::warn("The snapshot failed: {}", written.error().message);
    return written;
  }
  log::info("DB saved on disk");
  saved(changes);
  set_status(true);
  if (on_saved) on_saved(settings.path);
  return {};
}

Result<> Snapshots::save_in_background() {
  TARN_ASSERT(may_fork());
  ++stats_.saves;
  scheduled_ = false;
  history_.last_try_s = now_s();
  forked_changes_ = databases_.stats().changes;
  keys_total_ = databases_.total_keys();
  child_path_ = settings.path;
  Result<> started = may_write();
  if (started) started = start_child();
  if (!started) {
    log::warn("Can't save in background: {}", started.error().message);
    set_status(false);
    return started;
  }
  log::info("Background saving started by pid {}", job_.pid());
  return {};
}

Result<> Snapshots::start_child() {
  return job_.start({.title = "tarn-rdb-bgsave",
                     .scratch_file = snapshot_scratch_file(child_path_),
                     .on_start = on_child_start},
                    [this](ForkedJob::Progress& progress) {
                      SnapshotSettings how = settings.file;
                      how.at_last = true;
                      return save_snapshot(databases_, how, child_path_,
                                           [&](std::uint64_t keys) { progress.report(keys); });
                    });
}

void Snapshots::tick() {
  if (const auto outcome = job_.poll()) finish(*outcome);
  if (!may_fork()) return;
  if (scheduled_ && may_try_saving(history_, now_s())) {
    static_cast<void>(save_in_background());
    return;
  }
  const SavePoint* point = due_save_point(settings.points, history(), now_s());
  if (point == nullptr) return;
  log::info("{} changes in {} seconds. Saving...", point->changes, point->seconds);
  static_cast<void>(save_in_background());
}

void Snapshots::finish(const ForkedJob::Outcome& outcome) {
  if (outcome.killed) {
    if (outcome.result) return;
    return log::warn("Background saving was called off: {}", outcome.result.error().message);
  }
  stats_.last_cow_bytes = outcome.cow_bytes;
  stats_.last_duration_s = outcome.duration_ms / 1000;
  if (outcome.result) {
    log::info("Background saving terminated with success: {} keys, {:.1f} s, {:.1f} MB copied",
              keys_total_, static_cast<double>(outcome.duration_ms) / 1000.0,
              static_cast<double>(outcome.cow_bytes) / kMegabyte);
    saved(forked_changes_);
    if (on_saved) on_saved(child_path_);
  } else {
    log::warn("Background saving failed: {}", outcome.result.error().message);
  }
  set_status(outcome.result.ok());
}

void Snapshots::cancel() {
  scheduled_ = false;
  if (!in_progress()) return;
  tell_of_kill();
  job_.kill();
}

void Snapshots::all_deleted() {
  if (in_progress()) {
    tell_of_kill();
    job_.abandon();
  }
  if (settings.points.empty()) return;
  const auto begun = replace_by_empty();
  if (!begun) log::warn("The snapshot failed: {}", begun.error().message);
}

Result<> Snapshots::replace_by_empty() {
  if (const auto allowed = may_write(); !allowed) return allowed;
  // The directory may be another when the worker comes to it.
  std::error_code error;
  const std::string path = std::filesystem::absolute(settings.path, error);
  if (error) return Error{fmt::format("no path of {}: {}", settings.path, error.message())};
  const auto content = snapshot_bytes(databases_, settings.file);
  if (!content) return content.error();
  const auto fd = take_name(path);
  if (!fd) return fd.error();
  saved(databases_.stats().changes);
  const auto is_new = std::make_shared<bool>(false);
  files_.add(
      [path, content = *content, is_new, fd = *fd]() -> Result<> {
        const auto written = write_where_none_is(path, content);
        if (fd >= 0) ::close(fd);
        if (!written) return written.error();
        *is_new = *written;
        return {};
      },
      [this, path, is_new](const Result<>& result) {
        if (!result) return log::warn("The snapshot failed: {}", result.error().message);
        set_status(true);
        if (!*is_new) return;
        log::info("DB saved on disk");
        if (on_saved) on_saved(path);
      });
  return {};
}

void Snapshots::set_status(bool ok) {
  if (history_.last_try_ok == ok) return;
  history_.last_try_ok = ok;
  if (on_status) on_status();
}

void Snapshots::saved(std::uint64_t changes) {
  saved_changes_ = changes;
  history_.last_save_s = now_s();
}

void Snapshots::mark_saved() { saved_changes_ = databases_.stats().changes; }

SaveHistory Snapshots::history() const {
  SaveHistory now = history_;
  now.changes = changes();
  return now;
}

std::int64_t Snapshots::elapsed_ms() const {
  return in_progress() ? std::max<std::int64_t>(clock_.monotonic_ms() - job_.started_ms(), 0) : -1;
}

std::int64_t Snapshots::left_ms() const {
  if (keys_done() == 0) return -1;
  const double share = static_cast<double>(keys_done()) / static_cast<double>(keys_total_);
  return static_cast<std::int64_t>(static_cast<double>(elapsed_ms()) * (1.0 / share - 1.0));
}

}  // namespace tarn
