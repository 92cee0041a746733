#include "persistence/aof/append_only_file.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/assert.h"
#include "core/base/log.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/aof/command_writer.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/file_source.h"
#include "persistence/io/files.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

constexpr std::int64_t kRetryMs = 1000;
constexpr std::int64_t kMinSegmentMs = 10;

Result<> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return sync_directory_of(path);
  if (errno == EEXIST) return {};
  return file_error("make the directory", path, errno);
}

}  // namespace

AppendOnlyFile::AppendOnlyFile(Databases& databases, const Clock& clock, std::function<void()> wake)
    : databases_(databases), clock_(clock), log_(std::move(wake)) {}

// ---- Files --------------------------------------------------------------------------------------

std::string AppendOnlyFile::manifest_path() const {
  return settings.directory + "/" + settings.name + ".manifest";
}

std::string AppendOnlyFile::path_of(const AofManifest::File& file) const {
  return settings.directory + "/" + file.name;
}

// What is beside an earlier log is of no use without a base, and must not be found in its place.
Result<> AppendOnlyFile::save_manifest() {
  if (beside_ && !manifest_.base) return {};
  return write_file_atomically(manifest_path(), manifest_.print());
}

AofManifest::File AppendOnlyFile::next_segment() const {
  const std::uint64_t number = manifest_.last_increment_number() + 1;
  return {fmt::format("{}.{}.incr.aof", settings.name, number), number};
}

AofManifest::File AppendOnlyFile::next_base() const {
  const std::uint64_t number = manifest_.last_base_number() + 1;
  return {fmt::format("{}.{}.base.{}", settings.name, number, settings.base_is_rdb ? "rdb" : "aof"),
          number};
}

Result<bool> AppendOnlyFile::find() {
  beside_ = false;
  if (!file_exists(manifest_path())) {
    if (!file_exists(settings.name)) return false;
    if (const auto upgraded = upgrade_single_file(); !upgraded) return upgraded.error();
  }
  auto manifest = read_manifest(manifest_path());
  if (!manifest) return manifest.error();
  manifest_ = std::move(*manifest);
  return !manifest_.empty();
}

// The manifest is written last but one: until it is there, the old file is where it was.
Result<> AppendOnlyFile::upgrade_single_file() {
  log::info("{} is an append-only file of one piece: it becomes the base in {}", settings.name,
            settings.directory);
  if (const auto made = make_directory(settings.directory); !made) return made;
  manifest_ = {};
  manifest_.base = {settings.name, 1};
  // Linked, then named, then unlinked: at no moment is there less than before.
  const std::string target = path_of(*manifest_.base);
  if (::link(settings.name.c_str(), target.c_str()) != 0 && errno != EEXIST) {
    return file_error("link " + settings.name + " to", target, errno);
  }
  if (const auto saved = save_manifest(); !saved) return saved;
  ::unlink(settings.name.c_str());
  return sync_directory_of(settings.name);
}

std::uint64_t AppendOnlyFile::bytes_on_disk() const {
  std::uint64_t bytes = manifest_.base ? file_bytes(path_of(*manifest_.base)) : 0;
  for (const AofManifest::File& file : manifest_.increments) bytes += file_bytes(path_of(file));
  return bytes;
}

// ---- Loading ------------------------------------------------------------------------------------

Result<> AppendOnlyFile::load(const Loader& loader) {
  sequence_ = 0;
  if (const auto loaded = load_base(loader); !loaded) return loaded;
  if (const auto loaded = load_segments(loader); !loaded) return loaded;
  loaded_ = true;
  return {};
}

Result<> AppendOnlyFile::load_base(const Loader& loader) {
  if (!manifest_.base) return {};
  const std::string path = path_of(*manifest_.base);
  const auto beginning = read_first_bytes(path, rdb::kMagic.size());
  if (!beginning) return beginning.error();
  AofReadOptions how{.on_progress = loader.on_progress};
  if (begins_rdb(*beginning)) {
    const auto bytes = loader.load_rdb(path);
    if (!bytes) return bytes.error();
    how.start = *bytes;
    // Commands follow in files of one piece, whose beginning a rewrite had made.
    if (how.start >= file_bytes(path)) return {};
  }
  const auto segment = read_aof_segment(path, how, *loader.commands);
  if (!segment) return segment.error();
  if (segment->end == AofSegment::End::kWhole) return {};
  const bool last = manifest_.increments.empty();
  if (!last) return Error{fmt::format("{}: {}", path, segment->damage)};
  return cut(path, *segment);
}

Result<> AppendOnlyFile::load_segments(const Loader& loader) {
  if (!manifest_.increments.empty() && !file_exists(path_of(manifest_.increments.back()))) {
    log::warn("{} was named, but not begun, when the server ended",
              path_of(manifest_.increments.back()));
    manifest_.increments.pop_back();
  }
  std::vector<std::string> paths;
  for (const AofManifest::File& file : manifest_.increments) paths.push_back(path_of(file));
  const auto segments = SegmentList::read(paths);
  if (!segments) return segments.error();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const std::string& path = segments->path(i);
    const std::uint64_t first = segments->first(i).value_or(0);
    if (sequence_ != 0 && first > sequence_) {
      if (segments->is_repeated_later(i, sequence_)) continue;
      return Error{fmt::format("{}: it goes on after batch {}, but what is before ends with {}",
                               path, first, sequence_)};
    }
    const AofReadOptions how{.known_sequence = sequence_, .on_progress = loader.on_progress};
    const auto segment = read_aof_segment(path, how, *loader.commands);
    if (!segment) return segment.error();
    sequence_ = std::max(sequence_, segment->sequence);
    if (segment->end == AofSegment::End::kWhole || segments->is_repeated_later(i, sequence_)) {
      continue;
    }
    const auto claimed = claimed_safe_after(*segments, i);
    if (!claimed) return claimed.error();
    if (segment->end == AofSegment::End::kRot || *claimed > sequence_) {
      return Error{fmt::format(
          "{}: {}. It was whole on disk before, so the file has been damaged since, and what "
          "follows it was acknowledged. Restore it from a backup; or have tarn-check-aof --repair "
          "cut it there, and lose what follows.",
          path, segment->damage)};
    }
    if (const auto done = cut(path, *segment); !done) return done;
    return drop_segments_after(i);
  }
  return {};
}

// The highest batch that the segments behind this one say was safe.
Result<std::uint64_t> AppendOnlyFile::claimed_safe_after(const SegmentList& segments,
                                                         std::size_t index) {
  IgnoringSink sink;
  std::uint64_t safe = 0;
  for (std::size_t i = index + 1; i < segments.size(); ++i) {
    if (!file_exists(segments.path(i))) continue;
    const auto segment = read_aof_segment(segments.path(i), {}, sink);
    if (!segment) return segment.error();
    safe = std::max(safe, segment->safe);
  }
  return safe;
}

// They follow what was lost, and were never safe themselves.
Result<> AppendOnlyFile::drop_segments_after(std::size_t index) {
  auto& files = manifest_.increments;
  if (index + 1 == files.size()) return {};
  for (std::size_t i = index + 1; i < files.size(); ++i) {
    log::warn("{} follows what was cut off, and is left out", path_of(files[i]));
    manifest_.history.push_back(files[i]);
  }
  files.resize(index + 1);
  return save_manifest();
}

// Cuts off the torn end of the log.
Result<> AppendOnlyFile::cut(const std::string& path, const AofSegment& segment) {
  if (!settings.load_truncated) {
    return Error{fmt::format(
        "{}: {}. The end of the log is torn, as after a crash. aof-load-truncated yes cuts it "
        "there; so does tarn-check-aof --repair.",
        path, segment.damage)};
  }
  log::warn("{}: {}: the torn end of the log, {} bytes with {} whole commands, is cut off", path,
            segment.damage, segment.bytes - segment.good_bytes, segment.torn_commands);
  return cut_file(path, segment.good_bytes);
}

// ---- Opening and closing ------------------------------------------------------------------------

Result<> AppendOnlyFile::open() {
  if (const auto made = make_directory(settings.directory); !made) return made;
  const bool begins = !loaded_ || manifest_.left_batches != 0;
  if (begins) {
    if (const auto begun = begin_base(); !begun) return begun;
  }
  // What an earlier process wrote last is finished now; it may have ended before it said so.
  const std::size_t count = manifest_.increments.size();
  for (std::size_t i = count - std::min<std::size_t>(count, 2); i < count; ++i) {
    if (file_exists(path_of(manifest_.increments[i]))) finished_.push_back(manifest_.increments[i]);
  }
  // A segment in which nothing was written needs no successor beside it.
  const AofManifest::File segment = next_segment();
  manifest_.increments.push_back(segment);
  if (const auto saved = save_manifest(); !saved) return saved;
  if (const auto begun = log_.start(path_of(segment), sequence_, clock_.now_ms()); !begun) {
    return begun;
  }
  if (begins) {
    if (on_finished_file) on_finished_file(path_of(*manifest_.base), manifest_.base->name);
    if (!manifest_.history.empty()) delete_history();
  }
  closed_bytes_ = bytes_on_disk() - log_.segment_bytes();
  rewritten_bytes_ = current_bytes();
  segment_began_ms_ = clock_.monotonic_ms();
  segment_first_sequence_ = sequence_;
  if (on_segment) on_segment();
  return sync_directory_of(path_of(segment));
}

// Nothing counts of what there was, but the numbers that are taken.
void AppendOnlyFile::drop_files() {
  if (manifest_.base) manifest_.history.push_back(*manifest_.base);
  manifest_.history.insert(manifest_.history.end(), manifest_.increments.begin(),
                           manifest_.increments.end());
  manifest_.base.reset();
  manifest_.increments.clear();
  if (manifest_.left_batches != 0) sequence_ = std::max(sequence_, manifest_.left_batches + 1);
}

// Of what the databases hold, before anything is logged.
Result<> AppendOnlyFile::begin_base() {
  if (!loaded_) manifest_ = {};
  drop_files();
  const AofManifest::File base = next_base();
  if (manifest_.left_batches != 0) {
    log::info("Batches up to {} were left: {} begins anew after them", manifest_.left_batches,
              path_of(base));
  }
  if (const auto written = write_base(path_of(base), sequence_, false, nullptr); !written)
    return written;
  manifest_.base = base;
  manifest_.left_batches = 0;
  return {};
}

// Until the first base is there, the log is in a segment that nothing names.
Result<> AppendOnlyFile::open_beside() {
  if (const auto made = make_directory(settings.directory); !made) return made;
  if (file_exists(manifest_path())) {
    // What an earlier log has left counts no more, but stays until there is a base.
    if (const auto found = find(); !found) return found.error();
  }
  sequence_ = std::max(sequence_, log_.sequence());
  drop_files();
  const AofManifest::File segment = next_segment();
  if (const auto begun = log_.start(path_of(segment), sequence_, clock_.now_ms()); !begun) {
    return begun;
  }
  manifest_.increments = {segment};
  beside_ = true;
  closed_bytes_ = rewritten_bytes_ = 0;
  segment_began_ms_ = clock_.monotonic_ms();
  segment_first_sequence_ = sequence_;
  if (on_segment) on_segment();
  schedule_rewrite();
  return {};
}

Result<> AppendOnlyFile::close() {
  cancel_rewrite();
  rewrite_wanted_ = false;
  if (log_.needs_segment()) resume();
  const auto closed = log_.close(clock_.now_ms());
  sequence_ = log_.sequence();
  loaded_ = true;
  return closed;
}

Result<> AppendOnlyFile::write_awaited_base() {
  TARN_ASSERT(beside_ && !is_open());
  if (const auto begun = begin_base(); !begun) return begun;
  if (const auto saved = save_manifest(); !saved) return saved;
  beside_ = false;
  if (on_finished_file) on_finished_file(path_of(*manifest_.base), manifest_.base->name);
  delete_history();
  return {};
}

// ---- Segments -----------------------------------------------------------------------------------

Result<> AppendOnlyFile::begin_segment() {
  // Who commits a batch also holds the replies that wait for it.
  TARN_ASSERT(log_.can_rotate() && !log_.has_batch());
  const AofManifest::File closing = manifest_.increments.back();
  const AofManifest::File segment = next_segment();
  const std::uint64_t closing_bytes = log_.segment_bytes();
  manifest_.increments.push_back(segment);
  Result<> result = save_manifest();
  if (result) result = log_.rotate(path_of(segment), clock_.now_ms());
  if (!result) {
    manifest_.increments.pop_back();
    next_try_ms_ = clock_.monotonic_ms() + kRetryMs;
    log::warn("The log cannot go on in a new segment: {}", result.error().message);
    return result;
  }
  closed_bytes_ += closing_bytes;
  finished_.push_back(closing);
  segment_began_ms_ = clock_.monotonic_ms();
  segment_first_sequence_ = log_.sequence();
  if (on_segment) on_segment();
  return {};
}

bool AppendOnlyFile::segment_is_due() const {
  if (log_.sequence() <= segment_first_sequence_) return false;
  const bool old = settings.segment_seconds != 0 &&
                   clock_.monotonic_ms() - segment_began_ms_ >= settings.segment_seconds * 1000;
  return segment_is_large() || old;
}

bool AppendOnlyFile::segment_is_large() const {
  return settings.segment_bytes != 0 && log_.segment_bytes() >= settings.segment_bytes;
}

// A new segment costs syncs, so a limit that is too small for what is written must not mean one
// after each batch.
void AppendOnlyFile::after_commit() {
  if (segment_is_large() && clock_.monotonic_ms() - segment_began_ms_ >= kMinSegmentMs)
    do_what_is_due();
}

// Begins the segment, or the rewrite, that is due; the helper makes way for it.
void AppendOnlyFile::do_what_is_due() {
  const bool rewrite = rewrite_wanted_ && may_fork();
  const bool due = rewrite || segment_wanted_ || segment_is_due();
  if (!due || log_.failure() || clock_.monotonic_ms() < next_try_ms_) return log_.go_on();
  if (!log_.can_rotate()) return log_.make_way();
  if (rewrite) {
    try_rewrite();
  } else if (begin_segment()) {
    segment_wanted_ = false;
  }
  log_.go_on();
}

void AppendOnlyFile::try_rewrite() {
  rewrite_wanted_ = false;
  const auto started = start_rewrite();
  if (started) return;
  stats_.last_rewrite_ok = false;
  ++stats_.failed_rewrites;
  next_try_ms_ = clock_.monotonic_ms() + kRetryMs;
  if (!manifest_.base) schedule_rewrite();
  log::warn("Can't rewrite the append-only file: {}", started.error().message);
}

bool AppendOnlyFile::poll() {
  if (!log_.poll()) return false;
  do_what_is_due();
  return true;
}

// After a failed sync: the log goes on in a new segment.
void AppendOnlyFile::resume() {
  const AofManifest::File segment = next_segment();
  manifest_.increments.push_back(segment);
  Result<> result = save_manifest();
  if (result) result = log_.resume(path_of(segment), clock_.now_ms());
  if (!result) {
    manifest_.increments.pop_back();
    next_try_ms_ = clock_.monotonic_ms() + kRetryMs;
  } else if (on_segment) {
    on_segment();
  }
}

// Tells of segments that are closed, once they are safe.
void AppendOnlyFile::report_finished() {
  if (finished_.empty() || log_.sync_in_progress() || log_.failure()) return;
  for (const AofManifest::File& file : std::exchange(finished_, {})) {
    if (on_finished_file) on_finished_file(path_of(file), file.name);
  }
}

void AppendOnlyFile::tick() {
  if (const auto outcome = job_.poll()) finish_rewrite(*outcome);
  if (!is_open()) return;
  log_.poll();
  if (log_.needs_segment() && clock_.monotonic_ms() >= next_try_ms_) resume();
  log_.tick(clock_.now_ms());
  report_finished();
  if (rewrite_is_due()) rewrite_wanted_ = true;
  do_what_is_due();
}

// ---- Rewriting ----------------------------------------------------------------------------------

bool AppendOnlyFile::rewrite_is_due() const {
  if (settings.rewrite_percentage == 0 || rewriting()) return false;
  const std::uint64_t bytes = current_bytes();
  if (bytes < settings.rewrite_min_bytes) return false;
  const std::uint64_t base = std::max<std::uint64_t>(rewritten_bytes_, 1);
  if (bytes < base) return false;
  return (bytes - base) / base >= static_cast<std::uint64_t>(settings.rewrite_percentage) / 100 &&
         (bytes - base) * 100 / base >= static_cast<std::uint64_t>(settings.rewrite_percentage);
}

Result<> AppendOnlyFile::write_base(
    const std::string& path, std::uint64_t sequence, bool at_last,
    const std::function<void(std::uint64_t keys)>& on_progress) const {
  if (settings.base_is_rdb) {
    // Where the base stands in the log, for those who put base and segments together again.
    SnapshotSettings how = settings.base;
    how.at_last = at_last;
    how.aux.emplace_back(rdb::kAuxAofSequence, std::to_string(sequence));
    how.aux.emplace_back(rdb::kAuxAofTime, std::to_string(clock_.now_ms()));
    if (manifest_.left_batches != 0) {
      how.aux.emplace_back(rdb::kAuxAofLeft, std::to_string(manifest_.left_batches));
    }
    return save_snapshot(databases_, how, path, on_progress);
  }
  auto file = AtomicFile::create(path, snapshot_scratch_file(path));
  if (!file) return file.error();
  if (const auto written = write_commands(databases_, (*file)->sink()); !written) return written;
  return (*file)->commit();
}

Result<> AppendOnlyFile::start_rewrite() {
  if (log_.sequence() > segment_first_sequence_) {
    if (const auto begun = begin_segment(); !begun) return begun;
  }
  rewrite_first_segment_ = manifest_.increments.back().number;
  base_ = next_base();
  const std::string path = path_of(base_);
  ForkedJob::Settings how{.title = "aof-rewrite", .scratch_file = snapshot_scratch_file(path)};
  how.on_start = on_child_start;
  const std::uint64_t sequence = log_.sequence();
  const auto started =
      job_.start(std::move(how), [this, path, sequence](ForkedJob::Progress& progress) {
        return write_base(path, sequence, true, [&](std::uint64_t keys) { progress.report(keys); });
      });
  if (!started) return started;
  log::info("Background append only file rewriting started by pid {}", job_.pid());
  return {};
}

void AppendOnlyFile::finish_rewrite(const ForkedJob::Outcome& outcome) {
  stats_.last_cow_bytes = outcome.cow_bytes;
  stats_.last_rewrite_s = outcome.duration_ms / 1000;
  Result<> result = outcome.result;
  if (result) result = adopt_base();
  stats_.last_rewrite_ok = result.ok();
  if (!result) {
    ++stats_.failed_rewrites;
    log::warn("Background AOF rewrite failed: {}", result.error().message);
    ::unlink(path_of(base_).c_str());
    // Without a base the log is of no use, so that is tried until it works.
    if (!manifest_.base && !outcome.killed) schedule_rewrite();
    next_try_ms_ = clock_.monotonic_ms() + kRetryMs;
    return;
  }
  ++stats_.rewrites;
  stats_.failed_rewrites = 0;
  log::info("Background AOF rewrite finished successfully");
}

Result<> AppendOnlyFile::adopt_base() {
  AofManifest before = manifest_;
  if (manifest_.base) manifest_.history.push_back(*manifest_.base);
  manifest_.base = base_;
  manifest_.left_batches = 0;
  std::vector<AofManifest::File> kept;
  for (AofManifest::File& file : manifest_.increments) {
    (file.number < rewrite_first_segment_ ? manifest_.history : kept).push_back(std::move(file));
  }
  manifest_.increments = std::move(kept);
  if (const auto saved = save_manifest(); !saved) {
    manifest_ = std::move(before);
    return saved;
  }
  beside_ = false;
  if (on_finished_file) on_finished_file(path_of(base_), base_.name);
  closed_bytes_ = bytes_on_disk() - file_bytes(path_of(manifest_.increments.back()));
  rewritten_bytes_ = current_bytes();
  delete_history();
  return {};
}

// Files that wait to be backed up have a link of their own.
void AppendOnlyFile::delete_history() {
  if (settings.keep_history) return;
  report_finished();
  for (const AofManifest::File& file : manifest_.history) ::unlink(path_of(file).c_str());
  manifest_.history.clear();
  static_cast<void>(save_manifest());
}

void AppendOnlyFile::cancel_rewrite() {
  if (!rewriting()) return;
  job_.kill();
}

}  // namespace tarn
