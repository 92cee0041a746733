#include "server/app/aof_driver.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <utility>

#include "core/base/log.h"
#include "core/base/numbers.h"
#include "persistence/io/file_source.h"
#include "persistence/rdb/rdb_reader.h"
#include "server/app/log_replayer.h"
#include "server/app/snapshot_driver.h"

namespace tarn {
namespace {

constexpr std::uint64_t kAllBatches = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view kRefusal = "append-only file";
constexpr std::string_view kUnsafeWrite =
    "MISCONF The write could not be made to last, and it is not known whether it will: {}";
constexpr std::int64_t kRetryMs = 1000;

AofSync sync_of(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways: return AofSync::kAlways;
    case FsyncPolicy::kEverySecond: return AofSync::kEverySecond;
    case FsyncPolicy::kNo: return AofSync::kNo;
  }
  return AofSync::kAlways;
}

void append_head(std::string& out, char mark, std::size_t number) {
  char digits[kMaxInt64Chars];
  out += mark;
  out.append(digits, format_uint64(digits, number));
  out += "\r\n";
}

void append_command(std::string& out, std::span<const std::string_view> args) {
  append_head(out, '*', args.size());
  for (const std::string_view arg : args) {
    append_head(out, '$', arg.size());
    out += arg;
    out += "\r\n";
  }
}

}  // namespace

AofDriver::AofDriver(Config& config, Dispatcher& dispatcher, Propagation& propagation,
                     AppendOnlyFile& aof, DatasetLoading& loading, NetLoop& loop)
    : config_(config),
      options_(config.options()),
      dispatcher_(dispatcher),
      propagation_(propagation),
      aof_(aof),
      loading_(loading),
      loop_(loop) {
  follow_options(options_);
  config_.on_change({"appendfsync", "no-appendfsync-on-rewrite", "auto-aof-rewrite-percentage",
                     "auto-aof-rewrite-min-size", "aof-load-truncated", "aof-use-rdb-preamble",
                     "aof-timestamp-enabled", "aof-rewrite-incremental-fsync",
                     "aof-disable-auto-gc", "aof-segment-size", "aof-segment-seconds",
                     "rdbcompression", "rdbchecksum", "rdb-key-save-delay"},
                    [this](const Options&, const Options& now) -> Result<> {
                      follow_options(now);
                      return {};
                    });
  config_.on_change({"appendonly"}, [this](const Options& before, const Options& now) -> Result<> {
    return before.appendonly == now.appendonly ? Result<>() : switch_logging(now.appendonly);
  });
  // Those who write while others are served share a sync with them.
  aof_.log().on_gathered = [this] { loop_.ask_when_idle(); };
  loop_.on_idle([this] {
    aof_.log().begin_sync();
    release();
  });
  aof_.on_segment = [this] { selected_db_ = -1; };
}

void AofDriver::follow_options(const Options& options) {
  aof_.settings = {.directory = options.appenddirname,
                   .name = options.appendfilename,
                   .base = {.format = snapshot_format(options.rdbcompression),
                            .checksum = options.rdbchecksum,
                            .incremental_fsync = options.aof_rewrite_incremental_fsync,
                            .key_delay_us = options.rdb_key_save_delay_us},
                   .base_is_rdb = options.aof_use_rdb_preamble,
                   .keep_history = options.aof_disable_auto_gc,
                   .load_truncated = options.aof_load_truncated,
                   .segment_bytes = options.aof_segment_size,
                   .segment_seconds = options.aof_segment_seconds,
                   .rewrite_percentage = options.auto_aof_rewrite_percentage,
                   .rewrite_min_bytes = options.auto_aof_rewrite_min_size};
  aof_.log().sync = sync_of(options.appendfsync);
  aof_.log().timestamps = options.aof_timestamp_enabled;
}

// ---- Effects ------------------------------------------------------------------------------------

void AofDriver::on_effect(unsigned db, std::span<const std::string_view> args) {
  scratch_.clear();
  if (std::cmp_not_equal(selected_db_, db)) {
    selected_db_ = db;
    char digits[kMaxInt64Chars];
    const std::array<std::string_view, 2> select{
        "SELECT", std::string_view(digits, format_uint64(digits, db))};
    append_command(scratch_, select);
  }
  append_command(scratch_, args);
  aof_.log().append(scratch_);
}

void AofDriver::begin_unit() {
  constexpr std::array<std::string_view, 1> kMulti{"MULTI"};
  scratch_.clear();
  append_command(scratch_, kMulti);
  aof_.log().append(scratch_);
}

void AofDriver::end_unit() {
  constexpr std::array<std::string_view, 1> kExec{"EXEC"};
  scratch_.clear();
  append_command(scratch_, kExec);
  aof_.log().append(scratch_);
}

// ---- Batches ------------------------------------------------------------------------------------

void AofDriver::end_batch() {
  AofLog& log = aof_.log();
  if (!log.started() || !log.has_batch()) return;
  const std::uint64_t sequence = log.commit(dispatcher_.clock().now_ms());
  hold_writers(sequence);
  if (log.failure()) {
    release();
    update_gate();
  } else {
    aof_.after_commit();
  }
}

// Those whose replies promise that the batch is safe, or at least written.
void AofDriver::hold_writers(std::uint64_t sequence) {
  const bool wait = aof_.log().sync == AofSync::kAlways || aof_.log().failure();
  for (Session* session : propagation_.take_writers()) {
    if (!wait || session->gone || session->transport == nullptr) continue;
    session->transport->hold_output();
    held_.hold(*session, sequence);
  }
}

void AofDriver::look() {
  // What follows may begin a segment, and so commit what commands before it in this round have
  // logged: their replies are to wait for that.
  end_batch();
  if (aof_.poll()) {
    release();
    update_gate();
  }
}

// Lets those go whose batches are safe. Where the log has failed, the others get an error.
void AofDriver::release() {
  const AofLog& log = aof_.log();
  const std::uint64_t safe =
      log.sync == AofSync::kAlways ? log.safe_sequence() : log.written_sequence();
  for (const HeldSessions::Held& held : held_.take(log.failure() ? kAllBatches : safe)) {
    if (held.sequence > safe) refuse(*held.session, *log.failure());
    held.session->transport->release_output();
  }
}

// When the log was closed, or was to be.
void AofDriver::release_all(const Result<>& closed) {
  const std::uint64_t safe = closed ? kAllBatches : aof_.log().safe_sequence();
  for (const HeldSessions::Held& held : held_.take(kAllBatches)) {
    if (held.sequence > safe) refuse(*held.session, closed.error().message);
    held.session->transport->release_output();
  }
}

void AofDriver::refuse(Session& session, const std::string& why) {
  session.transport->output().clear();
  session.reply.error(fmt::format(fmt::runtime(kUnsafeWrite), why));
  session.closing = true;
  session.transport->close_after_flush();
}

void AofDriver::forget(const Session& session) { held_.forget(session); }

void AofDriver::update_gate() {
  const auto& failure = ended_by_ ? ended_by_ : aof_.log().failure();
  const bool refused_before = std::exchange(refusing_, failure.has_value());
  if (failure) {
    dispatcher_.refuse_writes(kRefusal, "MISCONF Errors writing to the AOF file: " + *failure);
    if (!refused_before) log::warn("The append-only file cannot be written: {}", *failure);
  } else {
    dispatcher_.allow_writes(kRefusal);
    if (refused_before) log::info("The append-only file can be written again");
  }
}

void AofDriver::tick() {
  if (loading_.state().active) return;
  end_batch();
  if (ended_by_) mend();
  aof_.log().pause_syncing = options_.no_appendfsync_on_rewrite &&
                             (aof_.rewriting() || (aof_.other_child && aof_.other_child()));
  aof_.tick();
  release();
  update_gate();
}

// ---- Loading, opening, closing ------------------------------------------------------------------

Result<> AofDriver::load_at_start() { return load(true); }

Result<> AofDriver::reload() {
  if (!aof_.is_open()) return Error{"appendonly is no"};
  if (aof_.awaits_base()) return Error{"its base is not written yet"};
  if (const auto& failure = aof_.log().failure()) return Error{*failure};
  if (const auto ended = end_log(); !ended) return ended;
  const auto found = aof_.find();
  if (!found || !*found) {
    ended_by_ = found ? "its manifest is gone" : found.error().message;
    update_gate();
    return Error{*ended_by_};
  }
  dispatcher_.databases().flush_all();
  if (const auto loaded = load(false); !loaded) {
    log::critical("{}. The append-only file cannot be loaded again: exiting",
                  loaded.error().message);
    ::_exit(1);
  }
  const auto opened = open();
  if (!opened) {
    ended_by_ = opened.error().message;
    update_gate();
  }
  return opened;
}

Result<> AofDriver::load(bool at_start) {
  Databases& databases = dispatcher_.databases();
  LogReplayer replayer(dispatcher_);
  std::uint64_t base_keys = 0;
  AofLoader::Reader loader;
  loader.commands = &replayer;
  if (at_start) {
    loading_.begin(options_.appenddirname, aof_.bytes_on_disk());
    loader.on_progress = [this, &replayer](std::uint64_t bytes, std::uint64_t keys) {
      loading_.progress(bytes, keys);
      if (loading_.stopped()) replayer.stop();
    };
  }
  loader.load_rdb = [&](const std::string& path) -> Result<AofLoader::Rdb> {
    auto file = FileSource::open(path);
    if (!file) return file.error();
    StoppableSource source(**file, loading_);
    RdbReadOptions how = loading_.rdb_options();
    how.drop_expired = false;
    how.on_progress = loader.on_progress;
    how.on_aux = [this](std::string_view name, std::string_view value) {
      loading_.note(name, value);
    };
    const auto summary = read_rdb(source, how, databases);
    if (!summary) {
      return Error{fmt::format(
          "{}. The server does not start on a part of the data. tarn-check-rdb {} tells more; "
          "restore the base from a backup, as tarn-restore does.",
          summary.error().message, path)};
    }
    DatasetLoading::tell_of_skipped(*summary);
    base_keys = summary->keys;
    // Of a compressed file, the offset in the file is its end.
    return AofLoader::Rdb{summary->lz4 ? (*file)->total_bytes() : summary->bytes, summary->keys};
  };
  const std::int64_t begin_us = dispatcher_.clock().monotonic_us();
  databases.context().suspend_expiry = true;
  replaying_ = true;
  const auto loaded = aof_.load(loader);
  replaying_ = false;
  databases.context().suspend_expiry = false;
  if (at_start) loading_.end();
  if (!loaded) return loaded;
  dispatcher_.clock().refresh();
  log::info("DB loaded from append only file: {:.3f} seconds, {} keys of them in the base",
            static_cast<double>(dispatcher_.clock().monotonic_us() - begin_us) / 1e6, base_keys);
  return {};
}

Result<> AofDriver::open() {
  if (const auto opened = aof_.open(); !opened) return opened;
  propagation_.set_sink(this);
  return {};
}

Result<> AofDriver::close() {
  if (ended_by_) return Error{*ended_by_};
  if (!aof_.is_open()) return {};
  const bool lacks_base = aof_.awaits_base();
  Result<> result = end_log();
  if (result && lacks_base) {
    result = aof_.write_awaited_base();
    if (!result) ended_by_ = result.error().message;
    update_gate();
  }
  return result;
}

Result<> AofDriver::end_log() {
  propagation_.set_sink(nullptr);
  end_batch();
  const auto closed = aof_.close();
  release_all(closed);
  if (!closed) ended_by_ = closed.error().message;
  update_gate();
  return closed;
}

Result<> AofDriver::begin_anew() {
  if (const auto opened = aof_.open_beside(); !opened) return opened;
  propagation_.set_sink(this);
  return {};
}

// What is logged counts only from the base on, so until then nothing may be acknowledged.
void AofDriver::mend() {
  const std::int64_t now_ms = dispatcher_.clock().monotonic_ms();
  if (!aof_.is_open() && now_ms >= next_try_ms_) {
    if (!begin_anew()) next_try_ms_ = now_ms + kRetryMs;
  }
  if (!aof_.is_open() || aof_.awaits_base()) return;
  log::info("The append-only file has begun anew");
  ended_by_.reset();
}

Result<> AofDriver::switch_logging(bool on) {
  if (!on) {
    if (aof_.is_open()) {
      const auto ended = end_log();
      ended ? aof_.report_last_segment() : log::warn("{}", ended.error().message);
    }
    ended_by_.reset();
    update_gate();
    return {};
  }
  if (const auto begun = begin_anew(); !begun) {
    log::warn("{}", begun.error().message);
    return Error{"Unable to turn on AOF. Check server logs."};
  }
  return {};
}

}  // namespace tarn
