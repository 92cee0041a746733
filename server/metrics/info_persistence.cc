// INFO: what lasts.

#include "persistence/snapshot/snapshots.h"
#include "server/metrics/info_sections.h"
#include "server/metrics/loading_state.h"

namespace tarn::info_sections {
namespace {

// -1 stays what it is: unknown, or nothing that goes on.
std::int64_t to_seconds(std::int64_t ms) { return ms < 0 ? ms : ms / 1000; }

void loading(InfoWriter& out, const InfoSources& from) {
  out.flag("loading", from.loading.active);
  out.field("async_loading", 0);
}

void child(InfoWriter& out, const InfoSources& from) {
  const Snapshots& snapshots = from.snapshots;
  const ForkedJob& job = snapshots.job();
  const bool lives = snapshots.in_progress();
  const std::int64_t now_ms = from.dispatcher.clock().monotonic_ms();
  const double percent = snapshots.keys_total() == 0
                             ? 0.0
                             : 100.0 * static_cast<double>(snapshots.keys_done()) /
                                   static_cast<double>(snapshots.keys_total());
  out.field("current_cow_peak", lives ? job.cow_peak_bytes() : 0);
  out.field("current_cow_size", lives ? job.cow_bytes() : 0);
  out.field("current_cow_size_age", lives ? (now_ms - job.cow_known_ms()) / 1000 : 0);
  out.format("current_fork_perc", "{:.2f}", percent);
  out.field("current_save_keys_processed", snapshots.keys_done());
  out.field("current_save_keys_total", snapshots.keys_total());
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

void append_only_file(InfoWriter& out, const InfoSources&) {
  out.field("aof_enabled", 0);
  out.field("aof_rewrite_in_progress", 0);
  out.field("aof_rewrite_scheduled", 0);
  out.field("aof_last_rewrite_time_sec", -1);
  out.field("aof_current_rewrite_time_sec", -1);
  out.field("aof_last_bgrewrite_status", "ok");
  out.field("aof_rewrites", 0);
  out.field("aof_rewrites_consecutive_failures", 0);
  out.field("aof_last_write_status", "ok");
  out.field("aof_last_cow_size", 0);
}

void loading_progress(InfoWriter& out, const InfoSources& from) {
  const LoadingState& state = from.loading;
  if (!state.active) return;
  const std::int64_t left_s = state.left_s(from.dispatcher.clock().monotonic_ms());
  out.field("loading_start_time", state.started_s);
  out.field("loading_total_bytes", state.total_bytes);
  out.field("loading_rdb_used_mem", 0);
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
  out.field("module_fork_in_progress", 0);
  out.field("module_fork_last_cow_size", 0);
  loading_progress(out, from);
}

}  // namespace tarn::info_sections
