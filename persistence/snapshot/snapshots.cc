#include "persistence/snapshot/snapshots.h"

#include <algorithm>

#include "core/base/log.h"

namespace tarn {

namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;

}  // namespace

Snapshots::Snapshots(Databases& databases, const Clock& clock)
    : databases_(databases), clock_(clock) {
  history_.last_save_s = now_s();
}

Result<> Snapshots::save() {
  TARN_ASSERT(!in_progress());
  ++stats_.saves;
  return write();
}

Result<> Snapshots::write() {
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
  kill_child();
}

void Snapshots::all_deleted() {
  kill_child();
  if (!settings.points.empty()) static_cast<void>(write());
}

void Snapshots::kill_child() {
  if (!in_progress()) return;
  log::warn("There is a child saving a snapshot. Killing it!");
  job_.kill();
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
