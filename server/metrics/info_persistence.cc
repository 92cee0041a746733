// INFO: what lasts.

#include <algorithm>
#include <string>

#include "persistence/aof/append_only_file.h"
#include "persistence/backup/backup_copy.h"
#include "persistence/backup/backup_runner.h"
#include "persistence/snapshot/snapshots.h"
#include "server/metrics/info_sections.h"
#include "server/metrics/loading_state.h"

namespace tarn::info_sections {
namespace {

// -1 stays what it is: unknown, or nothing that goes on.
std::int64_t to_seconds(std::int64_t ms) { return ms < 0 ? ms : ms / 1000; }

std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

void loading(InfoWriter& out, const InfoSources& from) {
  out.flag("loading", from.loading.active);
  out.field("async_loading", 0);
}

void child(InfoWriter& out, const InfoSources& from) {
  const bool rewrites = from.aof.job().running();
  const ForkedJob& job = rewrites ? from.aof.job() : from.snapshots.job();
  const bool lives = job.running();
  const std::uint64_t done = rewrites ? job.done() : from.snapshots.keys_done();
  const std::uint64_t total = rewrites ? from.databases.total_keys() : from.snapshots.keys_total();
  const std::int64_t now_ms = from.dispatcher.clock().monotonic_ms();
  const double percent =
      total == 0 ? 0.0 : 100.0 * static_cast<double>(done) / static_cast<double>(total);
  out.field("current_cow_peak", lives ? job.cow_peak_bytes() : 0);
  out.field("current_cow_size", lives ? job.cow_bytes() : 0);
  out.field("current_cow_size_age", lives ? (now_ms - job.cow_known_ms()) / 1000 : 0);
  out.format("current_fork_perc", "{:.2f}", percent);
  out.field("current_save_keys_processed", done);
  out.field("current_save_keys_total", total);
}

void snapshots(InfoWriter& out, const InfoSources& from) {
  const Snapshots& snapshots = from.snapshots;
  out.field("rdb_changes_since_last_save", snapshots.changes());
  out.flag("rdb_bgsave_in_progress", snapshots.in_progress());
  out.field("rdb_last_save_time", snapshots.last_save_s());
  out.field("rdb_last_bgsave_status", snapshots.last_background_save_ok() ? "ok" : "err");
  out.field("rdb_last_bgsave_time_sec", snapshots.stats().last_duration_s);
  out.field("rdb_current_bgsave_time_sec", to_seconds(snapshots.elapsed_ms()));
  out.field("rdb_current_bgsave_time_left_sec", to_seconds(snapshots.left_ms()));
  out.field("rdb_saves", snapshots.stats().saves);
  out.field("rdb_last_cow_size", snapshots.stats().last_cow_bytes);
  out.field("rdb_last_load_keys_expired", from.loading.keys_expired);
  out.field("rdb_last_load_keys_loaded", from.loading.keys_loaded);
}

void append_only_file(InfoWriter& out, const InfoSources& from) {
  const AppendOnlyFile& aof = from.aof;
  const AofLog& log = aof.log();
  const AppendOnlyFile::Stats& stats = aof.stats();
  const std::int64_t now_ms = from.dispatcher.clock().monotonic_ms();
  out.flag("aof_enabled", from.config.options().appendonly);
  out.flag("aof_rewrite_in_progress", aof.rewriting());
  out.flag("aof_rewrite_scheduled", aof.rewrite_scheduled());
  out.field("aof_last_rewrite_time_sec", stats.last_rewrite_s);
  out.field("aof_current_rewrite_time_sec",
            aof.rewriting() ? (now_ms - aof.job().started_ms()) / 1000 : -1);
  out.field("aof_last_bgrewrite_status", stats.last_rewrite_ok ? "ok" : "err");
  out.field("aof_rewrites", stats.rewrites);
  out.field("aof_rewrites_consecutive_failures", stats.failed_rewrites);
  out.field("aof_last_write_status", log.failure() ? "err" : "ok");
  out.field("aof_last_cow_size", stats.last_cow_bytes);
  if (!aof.is_open()) return;
  out.field("aof_current_size", aof.current_bytes());
  out.field("aof_base_size", aof.base_bytes());
  out.flag("aof_pending_rewrite", aof.rewrite_scheduled());
  out.field("aof_buffer_length", log.buffer_bytes());
  out.flag("aof_pending_bio_fsync", log.sync_in_progress());
  out.field("aof_delayed_fsync", log.delayed_syncs());
  out.field("aof_sequence", log.sequence());
  out.field("aof_safe_sequence", log.safe_sequence());
  out.field("aof_segments", aof.manifest().increments.size());
}

void backups(InfoWriter& out, const InfoSources& from) {
  const BackupRunner& runner = from.backups;
  const BackupRunner::Status& status = runner.status();
  out.flag("backup_enabled", runner.enabled());
  out.flag("backup_in_progress", runner.running());
  out.field("backup_files_waiting", runner.queue().size());
  out.field("backup_files_done", status.done);
  out.field("backup_failures", status.failed);
  out.field("backup_last_status", status.last_run_ok ? "ok" : "err");
  out.field("backup_last_file", status.last_done);
  out.field("backup_last_time", status.last_done_s);
  out.field("backup_last_failure", on_one_line(status.last_failure));
  out.field("backup_last_failure_time", status.last_failure_s);
  const BackupCopy::Status& copy = from.backup_copy.status();
  out.flag("backup_copy_in_progress", from.backup_copy.in_progress());
  out.field("backup_copy_last_status", copy.last_ok ? "ok" : "err");
  out.field("backup_copy_last_folder", on_one_line(copy.last_folder));
  out.field("backup_copy_last_time", copy.last_time_s);
  out.field("backup_copy_last_failure", on_one_line(copy.last_failure));
}

void loading_progress(InfoWriter& out, const InfoSources& from) {
  const LoadingState& state = from.loading;
  if (!state.active) return;
  const std::int64_t left_s = state.left_s(from.dispatcher.clock().monotonic_ms());
  out.field("loading_start_time", state.started_s);
  out.field("loading_total_bytes", state.total_bytes);
  out.field("loading_rdb_used_mem", state.used_memory);
  out.field("loading_loaded_bytes", state.loaded_bytes);
  out.format("loading_loaded_perc", "{:.2f}", state.percent());
  out.field("loading_eta_seconds", left_s < 0 ? 1 : left_s);
}

}  // namespace

void persistence(InfoWriter& out, const InfoSources& from) {
  loading(out, from);
  child(out, from);
  snapshots(out, from);
  append_only_file(out, from);
  backups(out, from);
  out.field("module_fork_in_progress", 0);
  out.field("module_fork_last_cow_size", 0);
  loading_progress(out, from);
}

}  // namespace tarn::info_sections
