#include "persistence/aof/append_only_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/assert.h"
#include "core/base/log.h"
#include "persistence/aof/base_position.h"
#include "persistence/aof/command_writer.h"
#include "persistence/aof/segment_list.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/files.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

constexpr std::int64_t kRetryMs = 1000;
constexpr std::int64_t kMinSegmentMs = 10;

Result<> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return sync_directory_of(path);
  if (errno == EEXIST) return {};
  return file_error("make the directory", path, errno);
}

// Segments are made before they are named, so that one that is not there was lost.
Result<> make_empty_file(const std::string& path) {
  const auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd) return fd.error();
  ::close(*fd);
  return sync_directory_of(path);
}

}  // namespace

AppendOnlyFile::AppendOnlyFile(Databases& databases, const Clock& clock, FileWorker& files,
                               std::function<void()> wake)
    : databases_(databases), clock_(clock), files_(files), log_(std::move(wake)) {}

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
    if (const auto allowed = allow_lack_of_manifest(); !allowed) return allowed.error();
    if (!file_exists(settings.name)) return false;
    if (const auto upgraded = upgrade_single_file(); !upgraded) return upgraded.error();
  }
  auto manifest = read_manifest(manifest_path());
  if (!manifest) return manifest.error();
  manifest_ = std::move(*manifest);
  return !manifest_.empty();
}

// A log that has only begun has files, but no manifest until its base is there, and says so by a
// file of its own. Other files without a manifest are a log that would be lost by beginning anew.
Result<> AppendOnlyFile::allow_lack_of_manifest() const {
  if (file_exists(beginning_path())) return {};
  std::error_code fault;
  for (std::filesystem::directory_iterator files(settings.directory, fault), end;
       !fault && files != end; files.increment(fault)) {
    const std::string name = files->path().filename();
    const bool part =
        name.starts_with(settings.name + ".") &&
        (name.ends_with(".incr.aof") || name.ends_with(".base.rdb") || name.ends_with(".base.aof"));
    if (!part || file_bytes(files->path()) == 0) continue;
    return Error{fmt::format(
        "{} is there, but {} is not, which says what belongs together. Restore it from a backup; "
        "or rebuild the log with tarn-restore --from {} --into NEWFOLDER; or, to begin anew, move "
        "{} away.",
        files->path().string(), manifest_path(), settings.directory, settings.directory)};
  }
  return {};
}

std::string AppendOnlyFile::beginning_path() const { return manifest_path() + ".beginning"; }

// The manifest is written last but one: until it is there, the old file is where it was.
Result<> AppendOnlyFile::upgrade_single_file() {
  log::info("{} is an append-only file of one piece: it becomes the base in {}", settings.name,
            settings.directory);
  if (const auto made = make_directory(settings.directory); !made) return made;
  manifest_ = {};
  manifest_.base = {settings.name, 1};
  // Linked, then named, then unlinked: at no moment is there less than before.
  const std::string target = path_of(*manifest_.base);
  if (::link(settings.name.c_str(), target.c_str()) != 0) {
    const int reason = errno;
    std::error_code fault;
    const bool linked_before = std::filesystem::equivalent(settings.name, target, fault);
    if (!linked_before) return file_error("link " + settings.name + " to", target, reason);
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

Result<> AppendOnlyFile::load(const AofLoader::Reader& reader) {
  AofLoader loader(settings.directory, manifest_, settings.load_truncated, reader);
  loader.save = [this] { return save_manifest(); };
  const auto sequence = loader.load();
  if (!sequence) return sequence.error();
  sequence_ = *sequence;
  loaded_ = true;
  return {};
}

// ---- Opening and closing ------------------------------------------------------------------------

Result<> AppendOnlyFile::open() {
  if (const auto made = make_directory(settings.directory); !made) return made;
  const bool begins = !loaded_ || manifest_.left_batches != 0;
  if (begins) {
    if (const auto begun = begin_base(); !begun) return begun;
  }
  if (const auto safe = make_loaded_safe(); !safe) return safe;
  segment_ = next_segment();
  manifest_.increments.push_back(segment_);
  if (const auto made = make_empty_file(path_of(segment_)); !made) return made;
  if (const auto saved = save_manifest(); !saved) return saved;
  if (const auto begun = log_.start(path_of(segment_), sequence_, clock_.now_ms()); !begun) {
    return begun;
  }
  ::unlink(beginning_path().c_str());
  if (begins) {
    if (on_finished_file) on_finished_file(path_of(*manifest_.base), manifest_.base->name);
    history_is_over_ = true;
  }
  closed_bytes_ = bytes_on_disk() - log_.segment_bytes();
  rewritten_bytes_ = current_bytes();
  on_begun(sequence_);
  return sync_directory_of(path_of(segment_));
}

// What an earlier process wrote last may never have been synced, and what is logged from now on
// says that it was. It is finished, too, which that process may not have said.
Result<> AppendOnlyFile::make_loaded_safe() {
  constexpr std::size_t kOpenAtOnce = 2;  // the last segment, and the one that was being closed
  const auto& files = manifest_.increments;
  for (std::size_t i = files.size() - std::min(files.size(), kOpenAtOnce); i < files.size(); ++i) {
    const std::string path = path_of(files[i]);
    const auto fd = open_file(path, O_WRONLY);
    if (!fd) return fd.error();
    const auto synced = sync_file(*fd, path);
    ::close(*fd);
    if (!synced) return synced;
    finished_.push_back(files[i]);
  }
  return {};
}

// A segment was begun, behind the batch of that number.
void AppendOnlyFile::on_begun(std::uint64_t after) {
  segment_began_ms_ = clock_.monotonic_ms();
  segment_first_sequence_ = after;
  if (on_segment) on_segment();
}

// Nothing counts of what there was, but the numbers that are taken.
void AppendOnlyFile::drop_files() {
  if (manifest_.base) manifest_.history.push_back(*manifest_.base);
  manifest_.history.insert(manifest_.history.end(), manifest_.increments.begin(),
                           manifest_.increments.end());
  manifest_.base.reset();
  manifest_.increments.clear();
  history_is_over_ = false;
  if (manifest_.left_batches != 0) sequence_ = std::max(sequence_, manifest_.left_batches + 1);
}

// Of what the databases hold, before anything is logged.
Result<> AppendOnlyFile::begin_base() {
  job_.kill();  // an abandoned child's base may have the name of this one
  if (!loaded_) manifest_ = {};
  if (const auto marked = mark_beginning(); !marked) return marked;
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

Result<> AppendOnlyFile::mark_beginning() const {
  if (file_exists(manifest_path())) return {};
  return write_file_atomically(beginning_path(), "");
}

// Until the first base is there, the log is in a segment that nothing names.
Result<> AppendOnlyFile::open_beside() {
  job_.abandon();
  files_.finish();
  if (const auto taken = take_over_directory(); !taken) return taken;
  segment_ = next_segment();
  if (const auto begun = log_.start(path_of(segment_), sequence_, clock_.now_ms()); !begun) {
    return begun;
  }
  manifest_.increments = {segment_};
  beside_ = true;
  closed_bytes_ = rewritten_bytes_ = 0;
  on_begun(sequence_);
  schedule_rewrite();
  return {};
}

// What an earlier log has left counts no more, but stays until there is a base.
Result<> AppendOnlyFile::take_over_directory() {
  if (before_writing) {
    if (const auto may_write = before_writing(); !may_write) return may_write;
  }
  if (const auto made = make_directory(settings.directory); !made) return made;
  if (file_exists(manifest_path())) {
    if (const auto found = find(); !found) return found.error();
    if (const auto passed = pass_numbers(); !passed) return passed;
  } else if (!loaded_) {
    if (const auto allowed = allow_lack_of_manifest(); !allowed) return allowed;
  }
  if (const auto marked = mark_beginning(); !marked) return marked;
  sequence_ = std::max(sequence_, log_.sequence());
  drop_files();
  return {};
}

// Goes beyond the batches of a log on disk that was not loaded, so that in an archive no number
// means two. How many the last segment has is not counted, which takes a while: no more than fit.
Result<> AppendOnlyFile::pass_numbers() {
  constexpr std::uint64_t kMinBatchBytes = 60;
  if (loaded_) return {};
  if (manifest_.base && file_exists(path_of(*manifest_.base))) {
    const auto position = position_of_base(path_of(*manifest_.base));
    if (!position) return position.error();
    if (*position) sequence_ = std::max(sequence_, (*position)->sequence);
  }
  for (const AofManifest::File& file : manifest_.increments) {
    if (!file_exists(path_of(file))) continue;
    const auto opening = opening_of(path_of(file));
    if (!opening) return opening.error();
    if (!*opening) continue;
    const std::uint64_t batches = file_bytes(path_of(file)) / kMinBatchBytes;
    sequence_ = std::max(sequence_, (*opening)->sequence + batches);
  }
  return {};
}

Result<> AppendOnlyFile::close() {
  job_.abandon();
  rewrite_wanted_ = false;
  files_.finish();
  if (log_.needs_segment()) {
    prepare_segment();
    files_.finish();
    if (segment_is_prepared()) resume();
  }
  const auto closed = log_.close(clock_.now_ms());
  sequence_ = log_.sequence();
  loaded_ = true;
  return closed;
}

void AppendOnlyFile::report_last_segment() {
  TARN_ASSERT(!is_open());
  if (awaits_base()) return;  // nothing can be made of it
  finished_.push_back(segment_);
  report_finished();
}

Result<> AppendOnlyFile::write_awaited_base() {
  TARN_ASSERT(beside_ && !is_open());
  if (const auto begun = begin_base(); !begun) return begun;
  if (const auto saved = save_manifest(); !saved) return saved;
  beside_ = false;
  ::unlink(beginning_path().c_str());
  if (on_finished_file) on_finished_file(path_of(*manifest_.base), manifest_.base->name);
  history_is_over_ = true;
  delete_history();
  return {};
}

// ---- The manifest, while clients are served -----------------------------------------------------

// Has the manifest saved, and something done with files before and after that. It counts once it is
// on disk; until then there must be no other change. REQUIRES: !changing_
void AppendOnlyFile::change_manifest(AofManifest next, FileChanges files, FileWorker::Then then) {
  TARN_ASSERT(!changing_);
  changing_ = true;
  const bool named = !beside_ || next.base;
  auto work = [text = next.print(), path = manifest_path(), named,
               files = std::move(files)]() -> Result<> {
    if (files.before) {
      if (const auto done = files.before(); !done) return done;
    }
    const auto saved = named ? write_file_atomically(path, text) : Result<>();
    return saved && files.after ? files.after() : saved;
  };
  files_.add(std::move(work),
             [this, next = std::move(next), then = std::move(then)](const Result<>& result) {
               changing_ = false;
               if (result) manifest_ = next;
               then(result);
             });
}

// ---- Segments -----------------------------------------------------------------------------------

// Has the next segment made and named, so that to begin it takes no waiting for the disk.
void AppendOnlyFile::prepare_segment() {
  if (changing_ || segment_is_prepared()) return;
  AofManifest next = manifest_;
  next.increments.push_back(next_segment());
  auto make = [path = path_of(next.increments.back())] { return make_empty_file(path); };
  change_manifest(std::move(next), {.before = std::move(make)}, [this](const Result<>& result) {
    if (!result) put_off(result.error());
  });
}

bool AppendOnlyFile::segment_is_prepared() const {
  return manifest_.increments.back().number != segment_.number;
}

AofManifest AppendOnlyFile::closed_files() const {
  AofManifest closed = manifest_;
  std::erase_if(closed.increments,
                [this](const auto& file) { return file.number >= segment_.number; });
  closed.history.clear();
  return closed;
}

void AppendOnlyFile::put_off(const Error& why) {
  next_try_ms_ = clock_.monotonic_ms() + kRetryMs;
  log::warn("The log cannot go on in a new segment: {}", why.message);
  if (std::exchange(rewrite_wanted_, false)) on_rewrite_failed(why);
}

Result<> AppendOnlyFile::begin_segment() {
  // Who commits a batch also holds the replies that wait for it.
  TARN_ASSERT(segment_is_prepared() && log_.can_rotate() && !log_.has_batch());
  const AofManifest::File& next = manifest_.increments.back();
  const std::uint64_t closing_bytes = log_.segment_bytes();
  if (const auto rotated = log_.rotate(path_of(next), clock_.now_ms()); !rotated) {
    put_off(rotated.error());
    return rotated;
  }
  closed_bytes_ += closing_bytes;
  finished_.push_back(std::exchange(segment_, next));
  on_begun(log_.sequence());
  return {};
}

// After a failed sync: the log goes on in a new segment. What the one before has that is safe is
// all that it will ever have.
void AppendOnlyFile::resume() {
  const AofManifest::File& next = manifest_.increments.back();
  const std::uint64_t after = log_.safe_sequence();
  if (const auto resumed = log_.resume(path_of(next), clock_.now_ms()); !resumed) {
    return put_off(resumed.error());
  }
  closed_bytes_ += file_bytes(path_of(segment_));
  finished_.push_back(std::exchange(segment_, next));
  on_begun(after);
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
  const bool rewrite = rewrite_wanted_ && may_fork() && !changing_;
  if (!is_open()) {
    if (rewrite) try_rewrite();
    return;
  }
  const bool segment = segment_wanted_ || segment_is_due() || (rewrite && has_batches());
  const bool held_up = log_.failure() || clock_.monotonic_ms() < next_try_ms_;
  if ((!rewrite && !segment) || held_up) return log_.go_on();
  if (segment && !segment_is_prepared()) {
    prepare_segment();
    return log_.go_on();
  }
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
  if (const auto started = start_rewrite(); !started) on_rewrite_failed(started.error());
}

bool AppendOnlyFile::poll() {
  const bool filed = files_.poll();
  const bool logged = log_.poll();
  if (!filed && !logged) return false;
  do_what_is_due();
  return true;
}

// Tells of segments that are closed, once they are safe.
void AppendOnlyFile::report_finished() {
  if (finished_.empty() || log_.closing()) return;
  for (const AofManifest::File& file : std::exchange(finished_, {})) {
    if (on_finished_file) on_finished_file(path_of(file), file.name);
  }
}

void AppendOnlyFile::tick() {
  // What a child has made becomes part of the log by a change of the manifest.
  if (!changing_) {
    if (const auto outcome = job_.poll()) finish_rewrite(*outcome);
  }
  if (is_open()) {
    log_.poll();
    if (log_.needs_segment() && clock_.monotonic_ms() >= next_try_ms_) {
      segment_is_prepared() ? resume() : prepare_segment();
    }
    log_.tick(clock_.now_ms());
    report_finished();
    if (rewrite_is_due()) rewrite_wanted_ = true;
  }
  if (history_is_over_) delete_history();
  do_what_is_due();
}

// ---- Rewriting ----------------------------------------------------------------------------------

bool AppendOnlyFile::rewrite_is_due() const {
  if (rewriting() || clock_.monotonic_ms() < next_rewrite_ms_) return false;
  if (awaits_base()) return true;
  if (settings.rewrite_percentage == 0) return false;
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
  const BasePosition position{sequence, clock_.now_ms(), manifest_.left_batches};
  const auto written = write_commands(databases_, position, log_.timestamps, (*file)->sink());
  if (!written) return written;
  return (*file)->commit();
}

// What is there when the rewrite begins is to be in none of the segments behind the base.
Result<> AppendOnlyFile::prepare_rewrite() {
  if (!is_open()) {
    if (const auto taken = take_over_directory(); !taken) return taken;
    ++sequence_;  // for what changed without a log
    return {};
  }
  if (has_batches()) {
    if (const auto begun = begin_segment(); !begun) return begun;
  }
  sequence_ = log_.sequence();
  return {};
}

Result<> AppendOnlyFile::start_rewrite() {
  if (const auto prepared = prepare_rewrite(); !prepared) return prepared;
  rewrite_first_segment_ = segment_.number;
  base_ = next_base();
  const std::string path = path_of(base_);
  ForkedJob::Settings how{.title = "aof-rewrite", .scratch_file = snapshot_scratch_file(path)};
  how.on_start = on_child_start;
  const auto started = job_.start(std::move(how), [this, path](ForkedJob::Progress& progress) {
    return write_base(path, sequence_, true, [&](std::uint64_t keys) { progress.report(keys); });
  });
  if (!started) return started;
  log::info("Background append only file rewriting started by pid {}", job_.pid());
  return {};
}

void AppendOnlyFile::finish_rewrite(const ForkedJob::Outcome& outcome) {
  if (outcome.killed) {
    ::unlink(path_of(base_).c_str());
    return;
  }
  stats_.last_cow_bytes = outcome.cow_bytes;
  stats_.last_rewrite_s = outcome.duration_ms / 1000;
  if (outcome.result) return adopt_base();
  ::unlink(path_of(base_).c_str());
  on_rewrite_failed(outcome.result.error());
}

// Tried again after a while; sooner where the log is of no use without.
void AppendOnlyFile::on_rewrite_failed(const Error& why) {
  constexpr std::uint64_t kMaxDoublings = 12;
  constexpr std::int64_t kMaxDelayMs = 3'600'000;
  constexpr std::int64_t kMaxDelayOfFirstMs = 10'000;
  stats_.last_rewrite_ok = false;
  const std::int64_t delay_ms = kRetryMs << std::min(stats_.failed_rewrites++, kMaxDoublings);
  next_rewrite_ms_ =
      clock_.monotonic_ms() + std::min(delay_ms, awaits_base() ? kMaxDelayOfFirstMs : kMaxDelayMs);
  log::warn("Background AOF rewrite failed: {}", why.message);
}

// A base that is there, and could not be named, stays: who knows what the disk has of the manifest.
// The next one has the same name.
void AppendOnlyFile::adopt_base() {
  AofManifest next = manifest_;
  if (next.base) next.history.push_back(*next.base);
  next.base = base_;
  next.left_batches = 0;
  std::vector<AofManifest::File> kept;
  for (AofManifest::File& file : next.increments) {
    (file.number < rewrite_first_segment_ ? next.history : kept).push_back(std::move(file));
  }
  next.increments = std::move(kept);
  auto unmark = [path = beginning_path()]() -> Result<> {
    ::unlink(path.c_str());
    return {};
  };
  adopting_ = true;
  change_manifest(std::move(next), {.after = std::move(unmark)}, [this](const Result<>& result) {
    adopting_ = false;
    result ? on_adopted() : on_rewrite_failed(result.error());
  });
}

void AppendOnlyFile::on_adopted() {
  beside_ = false;
  stats_.last_rewrite_ok = true;
  ++stats_.rewrites;
  stats_.failed_rewrites = 0;
  log::info("Background AOF rewrite finished successfully");
  if (on_finished_file) on_finished_file(path_of(base_), base_.name);
  closed_bytes_ = bytes_on_disk() - (is_open() ? file_bytes(path_of(segment_)) : 0);
  rewritten_bytes_ = current_bytes();
  history_is_over_ = true;
}

// Files that wait to be backed up have a link of their own, or are in use until they have.
void AppendOnlyFile::delete_history() {
  if (settings.keep_history || changing_ || !finished_.empty()) return;
  if (files_in_use && files_in_use()) return;
  history_is_over_ = false;
  AofManifest next = manifest_;
  std::vector<std::string> paths;
  for (const AofManifest::File& file : std::exchange(next.history, {})) {
    paths.push_back(path_of(file));
  }
  if (paths.empty()) return;
  auto remove = [paths = std::move(paths)]() -> Result<> {
    for (const std::string& path : paths) ::unlink(path.c_str());
    return {};
  };
  change_manifest(std::move(next), {.after = std::move(remove)}, [](const Result<>&) {});
}

}  // namespace tarn
