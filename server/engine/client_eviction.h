#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/client_context.h"
#include "server/engine/client_memory.h"

namespace tarn {

// Keeps what all clients take together within `maxmemory-clients`.
//
//  1. While there is a limit, connections tell of every turn they had and all output they have sent
//     (NetLoop::watch_memory), and touch() notes whose memory may be another one. Nothing else of
//     the server knows of it; without a limit nobody is told and nothing is counted.
//  2. settle(), when the output of a batch was sent, counts those again. The total is the sum of
//     what was counted last, so no command walks over all clients, and replies that leave at once
//     do not count.
//  3. Clients are in buckets by the power of two of what they take. Over the limit, those of the
//     highest bucket are closed, who came into it first goes first, until the rest is within it.
//     With CLIENT NO-EVICT a client is in no bucket, but counts.
//  4. When a limit is set where there was none, all clients are counted, and nobody is closed
//     before that is done. Both that and closing are cut into slices.
//  5. What changes a client's memory otherwise (a key that it watches is written by somebody else)
//     is noticed by look_around(), little by little.
class ClientEviction {
 public:
  explicit ClientEviction(ClientContext& context) : context_(context) {}

  // In bytes; 0 for no limit.
  void set_limit(std::size_t bytes);
  bool watches() const { return limit_ != 0; }

  // The client's memory may have changed.
  void touch(Session& session);
  // The client is gone.
  void forget(Session& session);

  // Does what is to be done, for half a millisecond at most. Returns whether something is left.
  // Not while a command runs.
  bool settle();
  // Counts some clients again whom nobody has touched. To be called from time to time.
  void look_around();

  // What all counted clients take, as far as settle() has seen.
  std::size_t total_bytes() const { return total_; }

 private:
  // From less than 64 KiB to 8 GiB and more.
  static constexpr int kSmallestBucketLog = 15;
  static constexpr std::size_t kBuckets = 19;

  // A queue, linked through the sessions' accounts.
  struct Bucket {
    Session* first = nullptr;
    Session* last = nullptr;
  };

  static std::size_t bucket_of(std::size_t bytes);
  void count(Session& session);
  void count_touched();
  // Goes on from where it was; returns whether it came to the last client.
  bool count_next(std::size_t most);
  void put_into(Session& session, std::uint8_t bucket);
  void take_out(Session& session);
  Session* largest() const;
  bool over_limit() const { return counted_all_ && total_ > limit_; }

  ClientContext& context_;
  std::size_t limit_ = 0;
  std::size_t total_ = 0;
  std::array<Bucket, kBuckets> buckets_{};
  std::vector<Session*> touched_;
  std::uint32_t period_ = 1;  // what was counted in an earlier one is void
  bool counted_all_ = false;
  std::uint64_t counted_id_ = 0;  // by count_next(), the last one
};

}  // namespace tarn
