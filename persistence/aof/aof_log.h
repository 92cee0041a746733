#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/result.h"
#include "persistence/aof/annotation.h"

namespace tarn {

enum class AofSync : std::uint8_t { kAlways, kEverySecond, kNo };

// Writes batches of commands to the segments of an append-only file, and makes them last.
//
// One helper thread does what may take long, one job at a time: writing and syncing. While it is
// busy, the thread of commands goes on and gathers what comes in a buffer.
//
//  1. append() adds commands to the batch; commit() closes it with an annotation (annotation.h),
//     and gives it a sequence number.
//  2. kAlways: a job writes and syncs everything that has gathered; when it is done, the next one
//     takes what has gathered meanwhile. So the batches of all clients that wait share a sync, and
//     a batch is acknowledged when safe_sequence() has reached it. The owner may have the next job
//     begin a little later, so that more share it.
//     kEverySecond, kNo: commit() writes at once, so that a killed process loses nothing. Once a
//     second a job syncs; as a write may wait for a sync of the same file, batches that come in
//     that time stay in the buffer until it is over. The end of a segment is another file.
//  3. The owner is woken when a job is done, and calls poll().
//
// What fails. Bytes are kept until they are known to be safe, so nothing is lost from the log while
// the process lives. After a write that failed, the segment is cut back to its last whole batch,
// and the rest written again, by tick(), until it works. After a sync that failed nobody knows what
// the disk has: needs_segment() asks the owner for a new one, into which all is written that was
// not safe; whoever reads the log skips batches that it has seen. failure() says what is wrong
// until all is well again, and the owner accepts no writes while it does.
//
// Room is reserved ahead, so that a full disk is noticed before a write is accepted, not after.
// With kAlways some of it is padded (padding.h), for syncs to be quick.
class AofLog {
 public:
  // `wake` is called on the helper thread.
  explicit AofLog(std::function<void()> wake);
  ~AofLog();
  AofLog(const AofLog&) = delete;
  AofLog& operator=(const AofLog&) = delete;

  AofSync sync = AofSync::kEverySecond;
  bool timestamps = false;     // redis-server's own lines with the time
  bool pause_syncing = false;  // while a child writes, by no-appendfsync-on-rewrite
  // Where set, called with kAlways when a job could begin: begin_sync() is to be called soon then.
  std::function<void()> on_gathered;

  // Goes on in a new file, which is made empty, after the batch of this number.
  Result<> start(const std::string& path, std::uint64_t sequence, std::int64_t now_ms);
  bool started() const { return fd_ >= 0; }

  void append(std::string_view bytes) { batch_ += bytes; }
  bool has_batch() const { return !batch_.empty(); }
  // Closes the batch and returns its number. REQUIRES: has_batch()
  std::uint64_t commit(std::int64_t now_ms);

  // With kAlways, has the helper write and sync what has gathered, if it is free.
  void begin_sync();

  // Looks at what the helper has done. Returns whether it has done anything.
  bool poll();
  // Syncs if it is time, tries again what has failed, reserves room. Several times a second. When
  // nothing more comes, a line without a batch says that the last one is safe.
  void tick(std::int64_t now_ms);

  // Keeps the helper from a next job, so that can_rotate() will be true soon, although batches
  // never stop coming; until go_on().
  void make_way() { makes_way_ = true; }
  void go_on();

  // The end of the segment before is not safe yet.
  bool closing() const { return busy_ && running_.close; }
  // A new segment can be begun: the helper is not busy.
  bool can_rotate() const { return !busy_ && !failure_; }
  // Finishes the segment, synced, with all that was committed, and goes on in a new file. After a
  // failure the old segment goes on. REQUIRES: can_rotate()
  Result<> rotate(const std::string& path, std::int64_t now_ms);
  // The last sync failed. resume() then goes on in a new file.
  bool needs_segment() const { return distrusted_ && !busy_; }
  Result<> resume(const std::string& path, std::int64_t now_ms);

  // Writes and syncs everything, waits for it, and closes the file.
  Result<> close(std::int64_t now_ms);

  std::uint64_t sequence() const { return sequence_; }
  // How far the log has been handed to the system, and how far it is safe.
  std::uint64_t written_sequence() const { return written_sequence_; }
  std::uint64_t safe_sequence() const { return safe_sequence_; }
  // How far syncs have made it so, whatever `sync` asks for; and a sync out of turn.
  std::uint64_t synced_sequence() const { return synced_sequence_; }
  void request_sync() { sync_wanted_ = true; }
  const std::optional<std::string>& failure() const { return failure_; }

  std::uint64_t segment_bytes() const { return offset_ + buffer_.size(); }
  std::size_t buffer_bytes() const { return buffer_.capacity() + unsafe_.capacity(); }
  std::uint64_t delayed_syncs() const { return delayed_syncs_; }
  bool sync_in_progress() const { return busy_; }

 private:
  struct Job {
    int fd = -1;
    std::string path;
    std::optional<std::uint64_t> truncate_to{};  // first
    std::uint64_t offset = 0;                    // of the bytes
    std::string bytes{};
    bool sync = false;
    bool close = false;
    std::uint64_t end = 0;      // of what is written then
    std::uint64_t reserve = 0;  // so much behind that, or as much as there is; 0 for nothing
  };
  struct Done {
    Result<> written;
    Result<> synced;
    std::uint64_t reserved = 0;
    bool reserving_unknown = false;  // the file system has no such thing
  };

  void run_helper();
  static Done perform(const Job& job);
  static std::uint64_t reserve(const Job& job);
  void submit(Job job, std::uint64_t sequence);
  void finish(const Done& done);

  Result<> begin_segment(const std::string& path, std::uint64_t after, std::int64_t now_ms);
  std::string chained_anew(std::string_view batches);
  void become_safe(std::uint64_t sequence);
  void claim_safety();
  Result<> write_buffer();
  Result<> write_at_end(std::string_view bytes);
  void pad(std::string& bytes);
  void write_soon(bool with_sync);
  void hand_over();
  void fail(const std::string& why);
  void check_room(const Done& done);
  std::uint64_t wanted_reserve() const;

  const std::function<void()> wake_;

  // The batch, what was committed and is not written, and what was written and is not safe.
  std::string batch_;
  std::string buffer_;
  std::string unsafe_;
  std::string closing_;  // the same, of the segment before, until that is safe
  std::uint64_t sequence_ = 0;
  std::uint64_t written_sequence_ = 0;
  std::uint64_t safe_sequence_ = 0;
  // By true syncs; with kNo, less than safe_sequence_. And as the last line claims.
  std::uint64_t synced_sequence_ = 0;
  std::uint64_t claimed_sequence_ = 0;
  ChecksumChain chain_;
  // Sizes of the batches in closing_, unsafe_ and buffer_, of the commands and with their line.
  struct BatchSize {
    std::uint64_t sequence;
    std::size_t commands;
    std::size_t all;
  };
  std::deque<BatchSize> batch_sizes_;
  std::int64_t timestamp_s_ = 0;

  int fd_ = -1;
  std::string path_;
  std::uint64_t offset_ = 0;       // whole batches end here
  std::uint64_t safe_offset_ = 0;  // and are safe up to here
  bool torn_ = false;              // part of a batch may be behind offset_
  std::uint64_t padded_to_ = 0;    // where the file ends, if that is beyond offset_
  std::uint64_t reserved_to_ = 0;
  std::uint64_t reserve_bytes_;  // at a time: less where there was no more
  bool can_reserve_ = true;

  bool busy_ = false;
  Job running_;
  std::uint64_t running_sequence_ = 0;
  std::size_t running_bytes_ = 0;  // at the end of unsafe_: what the job writes
  bool makes_way_ = false;
  bool distrusted_ = false;
  bool room_is_short_ = false;
  std::optional<std::string> failure_;
  std::int64_t now_ms_ = 0;
  std::int64_t last_sync_ms_ = 0;
  std::int64_t last_commit_ms_ = 0;
  bool sync_wanted_ = false;
  bool delay_counted_ = false;
  std::uint64_t delayed_syncs_ = 0;

  // Shared with the helper.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Job> job_;
  std::optional<Done> done_;
  bool stop_ = false;
  std::thread helper_;
};

}  // namespace tarn
