#include "persistence/aof/aof_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/assert.h"
#include "core/base/processors.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/padding.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

constexpr std::int64_t kSyncPeriodMs = 1000;
// Reserved behind the end of the segment, as far as there is room; and how little is none.
constexpr std::uint64_t kReserveBytes = 8 << 20;
constexpr std::uint64_t kShortBytes = 1 << 20;
// Padded behind a write, for the next ones, unless they are so large that it would not be worth it.
constexpr std::uint64_t kPaddingBytes = 128 << 10;
constexpr std::size_t kMaxPaddedWrite = kPaddingBytes / 8;
// A buffer that has grown beyond this is not kept.
constexpr std::size_t kKeptCapacity = 4 << 20;

void empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

Result<> sync_data(int fd, const std::string& path) {
  while (::fdatasync(fd) != 0) {
    if (errno != EINTR) return file_error("sync", path, errno);
  }
  return {};
}

}  // namespace

AofLog::AofLog(std::function<void()> wake) : wake_(std::move(wake)), reserve_bytes_(kReserveBytes) {
  helper_ = start_helper([this] { run_helper(); });
}

AofLog::~AofLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  helper_.join();
  if (fd_ >= 0) ::close(fd_);
}

// ---- The helper ---------------------------------------------------------------------------------

void AofLog::run_helper() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || job_; });
    if (!job_) return;
    const Job& job = *job_;
    lock.unlock();
    Done done = perform(job);
    lock.lock();
    job_.reset();
    done_ = std::move(done);
    changed_.notify_all();
    lock.unlock();
    wake_();
    lock.lock();
  }
}

// Returns how much it was, or 0 with errno.
std::uint64_t AofLog::reserve(const Job& job) {
  for (std::uint64_t bytes = job.reserve; bytes >= kShortBytes; bytes /= 2) {
    const auto to = static_cast<off_t>(job.end + bytes);
    if (::fallocate(job.fd, FALLOC_FL_KEEP_SIZE, 0, to) == 0) return bytes;
    const int reason = errno;
    // A file system may have taken what there was.
    struct stat status {};
    if (::fstat(job.fd, &status) == 0) static_cast<void>(!::ftruncate(job.fd, status.st_size));
    errno = reason;
    if (reason != ENOSPC && reason != EDQUOT && reason != EFBIG) return 0;
  }
  return 0;
}

AofLog::Done AofLog::perform(const Job& job) {
  Done done;
  if (job.truncate_to) done.written = truncate_file(job.fd, *job.truncate_to, job.path);
  if (done.written) done.written = write_all_at(job.fd, job.bytes, job.offset, job.path);
  if (done.written && job.sync) done.synced = sync_data(job.fd, job.path);
  if (job.reserve != 0) {
    done.reserved = reserve(job);
    done.reserving_unknown = done.reserved == 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
  }
  if (job.close) ::close(job.fd);
  return done;
}

void AofLog::submit(Job job, std::uint64_t sequence) {
  TARN_ASSERT(!busy_);
  busy_ = true;
  running_sequence_ = sequence;
  delay_counted_ = false;
  if (job.sync) last_sync_ms_ = now_ms_;
  // What the owner needs to know of the job when it is done; the bytes are the helper's.
  running_ = {
      .fd = job.fd, .path = job.path, .sync = job.sync, .close = job.close, .reserve = job.reserve};
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(job);
  }
  changed_.notify_all();
}

bool AofLog::poll() {
  std::optional<Done> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_, std::nullopt);
  }
  if (!done) return false;
  busy_ = false;
  finish(*done);
  return true;
}

// ---- Batches ------------------------------------------------------------------------------------

std::uint64_t AofLog::commit(std::int64_t now_ms) {
  TARN_ASSERT(has_batch());
  now_ms_ = last_commit_ms_ = now_ms;
  if (timestamps && now_ms / 1000 > timestamp_s_) {
    timestamp_s_ = now_ms / 1000;
    batch_.insert(0, print_timestamp(now_ms));
  }
  const std::string line = print_annotation({.sequence = ++sequence_,
                                             .bytes = batch_.size(),
                                             .safe = synced_sequence_,
                                             .time_ms = now_ms},
                                            batch_, chain_);
  claimed_sequence_ = synced_sequence_;
  buffer_ += batch_;
  buffer_ += line;
  batch_sizes_.push_back({sequence_, batch_.size(), batch_.size() + line.size()});
  empty(batch_);
  hand_over();
  return sequence_;
}

// Writes the buffer on this thread. The helper must not be busy with the same file.
Result<> AofLog::write_buffer() {
  if (torn_) {
    if (const auto cut = truncate_file(fd_, offset_, path_); !cut) return cut;
    torn_ = false;
    reserved_to_ = padded_to_ = 0;
  }
  torn_ = true;
  if (const auto written = write_at_end(buffer_); !written) return written;
  torn_ = false;
  offset_ += buffer_.size();
  written_sequence_ = sequence_;
  if (sync == AofSync::kNo && unsafe_.empty() && closing_.empty()) {
    // As safe as it is asked to be.
    safe_offset_ = offset_;
    become_safe(sequence_);
  } else {
    unsafe_ += buffer_;
  }
  empty(buffer_);
  return {};
}

// Behind the last batch, over what padding is there.
Result<> AofLog::write_at_end(std::string_view bytes) {
  if (const auto written = write_all_at(fd_, bytes, offset_, path_); !written) return written;
  const std::uint64_t end = offset_ + bytes.size();
  const std::string_view head = padding_head(end, padded_to_);
  padded_to_ = std::max(padded_to_, end + head.size());
  return write_all_at(fd_, head, end, path_);
}

// Adds to what is written behind the last batch whatever makes padding follow it, where it should.
void AofLog::pad(std::string& bytes) {
  const std::uint64_t end = offset_ + bytes.size();
  if (end >= padded_to_ && sync == AofSync::kAlways && bytes.size() <= kMaxPaddedWrite &&
      end + kPaddingBytes <= reserved_to_) {
    padded_to_ = end + kPaddingBytes;
    bytes += make_padding(end, padded_to_);
  } else {
    bytes += padding_head(end, padded_to_);
    padded_to_ = std::max(padded_to_, offset_ + bytes.size());
  }
}

void AofLog::become_safe(std::uint64_t sequence) {
  safe_sequence_ = std::max(safe_sequence_, sequence);
  while (!batch_sizes_.empty() && batch_sizes_.front().sequence <= safe_sequence_) {
    batch_sizes_.pop_front();
  }
}

std::uint64_t AofLog::wanted_reserve() const {
  const std::uint64_t end = offset_ + buffer_.size();
  if (!can_reserve_ || reserved_to_ >= end + reserve_bytes_ / 2) return 0;
  return reserve_bytes_;
}

// Has the helper write the buffer.
void AofLog::write_soon(bool with_sync) {
  Job job{.fd = fd_, .path = path_, .sync = with_sync};
  if (torn_) {
    job.truncate_to = offset_;
    reserved_to_ = padded_to_ = 0;
  }
  job.end = offset_ + buffer_.size();
  job.reserve = wanted_reserve();
  running_bytes_ = buffer_.size();
  if (!buffer_.empty()) {
    torn_ = true;
    unsafe_ += buffer_;
    job.offset = offset_;
    job.bytes = std::exchange(buffer_, {});
    pad(job.bytes);
  }
  submit(std::move(job), sequence_);
}

void AofLog::finish(const Done& done) {
  if (running_.close) {
    // Of the segment before this one. Whatever failed there, this one can make up for it.
    if (!done.written || !done.synced) {
      distrusted_ = true;
      return fail((done.written ? done.synced : done.written).error().message);
    }
    empty(closing_);
  } else if (!done.written) {
    // What was to be written, and may be there in part, is to be written again.
    const std::size_t before = unsafe_.size() - running_bytes_;
    buffer_.insert(0, unsafe_, before);
    unsafe_.resize(before);
    return fail(done.written.error().message);
  } else {
    torn_ = false;
    offset_ += running_bytes_;
    check_room(done);
    if (!done.synced) {
      distrusted_ = true;
      return fail(done.synced.error().message);
    }
    if (running_.sync) {
      safe_offset_ = offset_;
      empty(unsafe_);
    }
  }
  if (running_.sync) {
    synced_sequence_ = std::max(synced_sequence_, running_sequence_);
    become_safe(running_sequence_);
  }
  written_sequence_ = std::max(written_sequence_, running_sequence_);
  if (!distrusted_ && !room_is_short_) failure_.reset();
  if (!makes_way_) hand_over();
}

// What has gathered while the helper was busy.
void AofLog::hand_over() {
  if (failure_ || buffer_.empty()) return;
  if (sync == AofSync::kAlways) {
    if (busy_) return;
    on_gathered ? on_gathered() : begin_sync();
  } else if (!busy_ || running_.close) {
    if (const auto written = write_buffer(); !written) fail(written.error().message);
  }
}

void AofLog::begin_sync() {
  if (!started() || busy_ || makes_way_) return;
  // The policy may have changed since this was asked for.
  if (sync != AofSync::kAlways) return hand_over();
  if (!failure_ && !buffer_.empty()) write_soon(true);
}

void AofLog::go_on() {
  makes_way_ = false;
  hand_over();
}

void AofLog::check_room(const Done& done) {
  if (running_.reserve == 0) return;
  can_reserve_ = !done.reserving_unknown;
  room_is_short_ = can_reserve_ && done.reserved == 0;
  reserved_to_ = done.reserved == 0 ? 0 : offset_ + done.reserved;
  const bool less = done.reserved != 0 && done.reserved < running_.reserve;
  reserve_bytes_ = less ? done.reserved : std::min(2 * running_.reserve, kReserveBytes);
  if (room_is_short_) fail(fmt::format("No space left for {}", path_));
}

void AofLog::fail(const std::string& why) { failure_ = why; }

void AofLog::tick(std::int64_t now_ms) {
  now_ms_ = now_ms;
  last_sync_ms_ = std::min(last_sync_ms_, now_ms);  // the clock may be set back
  if (!started()) return;
  if (busy_) {
    const bool late = running_.sync && now_ms - last_sync_ms_ > kSyncPeriodMs;
    if (late && !std::exchange(delay_counted_, true)) ++delayed_syncs_;
    return;
  }
  if (distrusted_) return;
  if (failure_) return write_soon(true);
  // Some of it may have been written while no syncs were asked for.
  const bool unsynced = sync != AofSync::kNo && synced_sequence_ < sequence_;
  const bool unsafe = unsynced || !unsafe_.empty() || !buffer_.empty();
  const bool due = now_ms - last_sync_ms_ >= kSyncPeriodMs && !pause_syncing;
  if ((unsafe && due) || std::exchange(sync_wanted_, false)) return write_soon(true);
  if (wanted_reserve() != 0 && buffer_.empty()) return write_soon(false);
  last_commit_ms_ = std::min(last_commit_ms_, now_ms);
  if (now_ms - last_commit_ms_ >= kSyncPeriodMs) claim_safety();
}

// What follows a batch says that it is safe. So the last batch, too, is told from one that never
// was, should it be found damaged. The line itself need not be safe.
void AofLog::claim_safety() {
  if (claimed_sequence_ == sequence_ || synced_sequence_ != sequence_) return;
  ChecksumChain chain = chain_;
  const std::string line = print_annotation(
      {.sequence = sequence_, .safe = synced_sequence_, .time_ms = now_ms_}, {}, chain);
  torn_ = true;
  if (const auto written = write_at_end(line); !written) {
    return fail(written.error().message);
  }
  torn_ = false;
  offset_ += line.size();
  chain_ = chain;
  claimed_sequence_ = sequence_;
}

// ---- Segments -----------------------------------------------------------------------------------

// Makes the file with its first line. Changes nothing of this where it fails.
Result<> AofLog::begin_segment(const std::string& path, std::uint64_t after, std::int64_t now_ms) {
  const Result<int> fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd) return fd.error();
  ChecksumChain chain;
  const std::string header =
      print_annotation({.sequence = after, .safe = synced_sequence_, .time_ms = now_ms}, {}, chain);
  if (const auto written = write_all_at(*fd, header, 0, path); !written) {
    ::close(*fd);
    return written;
  }
  fd_ = *fd;
  path_ = path;
  chain_ = chain;
  claimed_sequence_ = synced_sequence_;
  offset_ = safe_offset_ = header.size();
  torn_ = false;
  reserved_to_ = padded_to_ = 0;
  return {};
}

Result<> AofLog::start(const std::string& path, std::uint64_t sequence, std::int64_t now_ms) {
  TARN_ASSERT(!started() && !busy_);
  now_ms_ = last_sync_ms_ = now_ms;
  synced_sequence_ = sequence;
  if (const auto begun = begin_segment(path, sequence, now_ms); !begun) return begun;
  sequence_ = written_sequence_ = safe_sequence_ = sequence;
  return {};
}

Result<> AofLog::rotate(const std::string& path, std::int64_t now_ms) {
  TARN_ASSERT(can_rotate());
  now_ms_ = now_ms;
  if (const auto written = write_buffer(); !written) {
    fail(written.error().message);
    return written;
  }
  const int old_fd = fd_;
  const std::string old_path = path_;
  const std::uint64_t old_end = offset_;
  if (const auto begun = begin_segment(path, sequence_, now_ms); !begun) return begun;
  closing_ = std::exchange(unsafe_, {});
  running_bytes_ = 0;
  // Gives back what was reserved, and makes the rest safe.
  submit({.fd = old_fd, .path = old_path, .truncate_to = old_end, .sync = true, .close = true},
         sequence_);
  return {};
}

Result<> AofLog::resume(const std::string& path, std::int64_t now_ms) {
  TARN_ASSERT(needs_segment());
  now_ms_ = now_ms;
  const int old_fd = fd_;
  const std::uint64_t old_safe_end = safe_offset_;
  const std::string old_path = path_;
  // Batches keep their numbers, but not their chain: it begins anew in the new segment.
  std::string again =
      std::exchange(closing_, {}) + std::exchange(unsafe_, {}) + std::exchange(buffer_, {});
  const auto begun = begin_segment(path, safe_sequence_, now_ms);
  if (!begun) {
    unsafe_ = std::move(again);
    return begun;
  }
  // Whether this works does not matter: what is behind comes again in the new segment.
  static_cast<void>(truncate_file(old_fd, old_safe_end, old_path));
  ::close(old_fd);
  distrusted_ = false;
  buffer_ = chained_anew(again);
  write_soon(true);
  return {};
}

// The same batches with checksums that follow from the new segment's first line.
std::string AofLog::chained_anew(std::string_view batches) {
  std::string result;
  for (BatchSize& size : batch_sizes_) {
    const std::string_view batch = batches.substr(0, size.commands);
    const auto annotation =
        parse_annotation(batches.substr(size.commands, size.all - size.commands));
    TARN_ASSERT(annotation);
    batches.remove_prefix(size.all);
    const std::string line = print_annotation(*annotation, batch, chain_);
    result += batch;
    result += line;
    size.all = size.commands + line.size();
  }
  TARN_ASSERT(batches.empty());
  return result;
}

Result<> AofLog::close(std::int64_t now_ms) {
  if (!started()) return {};
  if (has_batch()) commit(now_ms);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !job_; });
    }
    poll();
    if (!busy_) break;
  }
  Result<> result;
  if (distrusted_) result = Error{*failure_};
  if (result) result = write_buffer();
  // The last line says that everything before it is safe.
  if (result) result = sync_data(fd_, path_);
  if (result) {
    become_safe(sequence_);
    const std::string line =
        print_annotation({.sequence = sequence_, .safe = sequence_, .time_ms = now_ms}, {}, chain_);
    result = truncate_file(fd_, offset_, path_);
    if (result) result = write_all_at(fd_, line, offset_, path_);
    if (result) result = sync_data(fd_, path_);
  }
  ::close(std::exchange(fd_, -1));
  // What a failure has left behind must not get into the next segment, where it follows nothing.
  buffer_.clear();
  unsafe_.clear();
  closing_.clear();
  batch_sizes_.clear();
  failure_.reset();
  torn_ = distrusted_ = room_is_short_ = makes_way_ = false;
  return result;
}

}  // namespace tarn
