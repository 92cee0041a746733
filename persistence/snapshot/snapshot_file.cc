#include "persistence/snapshot/snapshot_file.h"

#include <chrono>
#include <optional>
#include <thread>

#include "persistence/io/atomic_file.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/rdb_writer.h"

namespace tarn {
namespace {

// Few enough for the disk to keep up, many enough for it to have long runs to write.
constexpr std::uint64_t kSyncEveryBytes = 4 << 20;

// Passes on how many keys are written, and takes the pause for each that a test asks for.
class Reporter {
 public:
  Reporter(const SnapshotSettings& settings,
           const std::function<void(std::uint64_t keys)>& on_progress)
      : delay_us_(settings.key_delay_us), on_progress_(on_progress) {}

  void report(std::uint64_t keys) {
    if (delay_us_ != 0 && keys > keys_) {
      const auto more = static_cast<std::int64_t>(keys - keys_);
      const std::int64_t pause_us = delay_us_ > 0 ? more * delay_us_ : more / -delay_us_;
      std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    }
    keys_ = keys;
    if (on_progress_) on_progress_(keys);
  }

 private:
  const std::int64_t delay_us_;
  const std::function<void(std::uint64_t keys)>& on_progress_;
  std::uint64_t keys_ = 0;
};

Result<> write_snapshot(const Databases& databases, const SnapshotSettings& settings,
                        ByteSink& file,
                        const std::function<void(std::uint64_t keys)>& on_progress) {
  ByteSink* sink = &file;
  std::optional<Lz4Sink> frame;
  if (settings.format == SnapshotFormat::kLz4) sink = &frame.emplace(*sink);
  Reporter reporter(settings, on_progress);
  const RdbWriteOptions how{.strings = settings.format == SnapshotFormat::kLzf
                                           ? RdbStringCompression::kLzf
                                           : RdbStringCompression::kNone,
                            .checksum = settings.checksum,
                            .access_hints = settings.access_hints,
                            .aux = settings.aux,
                            .at_last = settings.at_last,
                            .on_progress = [&](std::uint64_t keys) { reporter.report(keys); }};
  if (const auto written = write_rdb(databases, how, *sink); !written) return written;
  return sink->finish();
}

}  // namespace

std::string snapshot_scratch_file(const std::string& path) { return path + ".tmp"; }

Result<> save_snapshot(const Databases& databases, const SnapshotSettings& settings,
                       const std::string& path,
                       const std::function<void(std::uint64_t keys)>& on_progress) {
  auto file = AtomicFile::create(path, snapshot_scratch_file(path),
                                 settings.incremental_fsync ? kSyncEveryBytes : 0);
  if (!file) return file.error();
  const auto written = write_snapshot(databases, settings, (*file)->sink(), on_progress);
  if (!written) return written;
  return (*file)->commit();
}

Result<std::string> snapshot_bytes(const Databases& databases, const SnapshotSettings& settings) {
  std::string bytes;
  MemorySink sink(bytes);
  if (const auto written = write_snapshot(databases, settings, sink, {}); !written) {
    return written.error();
  }
  return bytes;
}

}  // namespace tarn
