#include "server/app/snapshot_driver.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/base/log.h"
#include "persistence/io/file_source.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

constexpr std::string_view kRefusal = "snapshots";
constexpr std::string_view kWritesRefused =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";

// Where nothing is evicted by them, nobody needs the hints.
bool wants_access_hints(EvictionPolicy policy) {
  switch (policy) {
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kAllKeysLru:
    case EvictionPolicy::kAllKeysLfu: return true;
    default: return false;
  }
}

}  // namespace

SnapshotFormat snapshot_format(RdbCompression compression) {
  switch (compression) {
    case RdbCompression::kNo: return SnapshotFormat::kPlain;
    case RdbCompression::kLzf: return SnapshotFormat::kLzf;
    default: return SnapshotFormat::kLz4;
  }
}

SnapshotDriver::SnapshotDriver(Config& config, Dispatcher& dispatcher, Snapshots& snapshots,
                               DatasetLoading& loading)
    : options_(config.options()),
      dispatcher_(dispatcher),
      snapshots_(snapshots),
      loading_(loading) {
  follow_options(options_);
  config.on_change({"dbfilename", "save", "rdbcompression", "rdb-save-incremental-fsync",
                    "rdb-key-save-delay", "maxmemory-policy", "stop-writes-on-bgsave-error"},
                   [this](const Options&, const Options& now) -> Result<> {
                     follow_options(now);
                     return {};
                   });
  snapshots_.on_status = [this] { update_gate(options_); };
}

void SnapshotDriver::follow_options(const Options& options) {
  snapshots_.settings = {.path = options.dbfilename,
                         .file = {.format = snapshot_format(options.rdbcompression),
                                  .checksum = options.rdbchecksum,
                                  .incremental_fsync = options.rdb_save_incremental_fsync,
                                  .access_hints = wants_access_hints(options.maxmemory_policy),
                                  .key_delay_us = options.rdb_key_save_delay_us},
                         .points = options.save_points};
  update_gate(options);
}

void SnapshotDriver::update_gate(const Options& options) {
  const bool refuse = options.stop_writes_on_bgsave_error && !options.save_points.empty() &&
                      !snapshots_.last_background_save_ok();
  refuse ? dispatcher_.refuse_writes(kRefusal, kWritesRefused) : dispatcher_.allow_writes(kRefusal);
}

Result<> SnapshotDriver::load_at_start() {
  struct stat status {};
  const std::string& path = snapshots_.settings.path;
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) return {};
  const auto loaded = load(true);
  if (loaded || loading_.stopped()) return {};
  return Error{
      fmt::format("Can't load the snapshot: {}. The server does not start on a part of the data. "
                  "tarn-check-rdb {}/{} tells more; to start without the file, move it away.",
                  loaded.error().message, options_.dir, path)};
}

Result<> SnapshotDriver::reload(bool replace) {
  const auto loaded = load(false, replace);
  if (!loaded) log::warn("Can't load the snapshot: {}", loaded.error().message);
  return loaded;
}

Result<> SnapshotDriver::load(bool at_start, bool replace) {
  auto file = FileSource::open(snapshots_.settings.path);
  if (!file) return file.error();
  StoppableSource source(**file, loading_);
  RdbReadOptions how = loading_.rdb_options();
  how.replace = replace;
  const std::int64_t begin_us = dispatcher_.clock().monotonic_us();
  if (at_start) {
    loading_.begin(snapshots_.settings.path, source.total_bytes());
    how.on_progress = [this](std::uint64_t bytes, std::uint64_t keys) {
      loading_.progress(bytes, keys);
    };
    how.on_aux = [this](std::string_view name, std::string_view value) {
      loading_.note(name, value);
    };
  }
  const auto summary = read_rdb(source, how, dispatcher_.databases());
  if (at_start) loading_.end();
  if (!summary) return summary.error();
  dispatcher_.clock().refresh();
  loading_.state().keys_loaded = summary->keys;
  loading_.state().keys_expired = summary->expired;
  log::info("Done loading RDB, keys loaded: {}, keys expired: {}.", summary->keys,
            summary->expired);
  DatasetLoading::tell_of_skipped(*summary);
  log::info("DB loaded from disk: {:.3f} seconds",
            static_cast<double>(dispatcher_.clock().monotonic_us() - begin_us) / 1e6);
  snapshots_.mark_saved();
  return {};
}

Result<> SnapshotDriver::save_at_shutdown(const ShutdownRequest& request) {
  using Save = ShutdownRequest::Save;
  const bool configured = !options_.save_points.empty();
  snapshots_.cancel();
  // What has been loaded so far is less than what is on disk.
  if (loading_.state().active || request.save == Save::kNever) return {};
  if (request.save == Save::kIfConfigured && !configured) return {};
  log::info("Saving the final RDB snapshot before exiting.");
  const auto saved = snapshots_.save();
  if (saved) return {};
  if (request.force) {
    log::warn("Error trying to save the DB. Exit anyway.");
    return {};
  }
  log::warn("Error trying to save the DB, can't exit.");
  return saved;
}

}  // namespace tarn
