#include "server/engine/client_eviction.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <string>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::uint64_t kSliceUs = 500;
// Between two looks at the clock.
constexpr std::size_t kCountedAtOnce = 64;
// By look_around(): all clients within ten calls, but where that is too many at once.
constexpr std::size_t kLooks = 10;
constexpr std::size_t kFewestPerLook = 16;
constexpr std::size_t kMostPerLook = 2000;

}  // namespace

void ClientEviction::set_limit(std::size_t bytes) {
  const bool watched = watches();
  limit_ = bytes;
  if (watched == watches()) return;
  for (Session* session : touched_) session->memory.touched = false;
  touched_.clear();
  buckets_ = {};
  total_ = 0;
  ++period_;
  counted_all_ = false;
  counted_id_ = 0;
}

void ClientEviction::touch(Session& session) {
  if (!watches() || session.memory.touched) return;
  session.memory.touched = true;
  touched_.push_back(&session);
}

void ClientEviction::forget(Session& session) {
  MemoryAccount& account = session.memory;
  if (account.touched) std::erase(touched_, &session);
  if (account.period == period_) {
    take_out(session);
    total_ -= account.bytes;
  }
  account = {};
}

std::size_t ClientEviction::bucket_of(std::size_t bytes) {
  const int log = static_cast<int>(std::bit_width(bytes)) - 1;
  return static_cast<std::size_t>(
      std::clamp(log - kSmallestBucketLog, 0, static_cast<int>(kBuckets) - 1));
}

void ClientEviction::count(Session& session) {
  MemoryAccount& account = session.memory;
  if (account.period != period_) account = {.period = period_, .touched = account.touched};
  const std::size_t bytes = memory_of(session);
  total_ += bytes - account.bytes;
  account.bytes = bytes;
  const auto bucket =
      session.no_evict ? MemoryAccount::kNoBucket : static_cast<std::uint8_t>(bucket_of(bytes));
  if (bucket == account.bucket) return;
  take_out(session);
  put_into(session, bucket);
}

void ClientEviction::put_into(Session& session, std::uint8_t bucket) {
  session.memory.bucket = bucket;
  if (bucket == MemoryAccount::kNoBucket) return;
  Bucket& queue = buckets_[bucket];
  session.memory.previous = queue.last;
  (queue.last == nullptr ? queue.first : queue.last->memory.next) = &session;
  queue.last = &session;
}

void ClientEviction::take_out(Session& session) {
  MemoryAccount& account = session.memory;
  if (account.bucket == MemoryAccount::kNoBucket) return;
  Bucket& queue = buckets_[account.bucket];
  (account.previous == nullptr ? queue.first : account.previous->memory.next) = account.next;
  (account.next == nullptr ? queue.last : account.next->memory.previous) = account.previous;
  account.previous = account.next = nullptr;
  account.bucket = MemoryAccount::kNoBucket;
}

Session* ClientEviction::largest() const {
  for (std::size_t bucket = kBuckets; bucket-- > 0;) {
    if (buckets_[bucket].first != nullptr) return buckets_[bucket].first;
  }
  return nullptr;
}

void ClientEviction::count_touched() {
  for (Session* session : touched_) {
    session->memory.touched = false;
    count(*session);
  }
  touched_.clear();
}

bool ClientEviction::count_next(std::size_t most) {
  const auto& sessions = context_.clients.sessions();
  for (auto at = sessions.upper_bound(counted_id_); at != sessions.end(); ++at) {
    if (most-- == 0) return false;
    count(*at->second);
    counted_id_ = at->first;
  }
  counted_id_ = 0;
  return true;
}

bool ClientEviction::settle() {
  if (!watches()) return false;
  count_touched();
  if (counted_all_ && total_ <= limit_) return false;
  const std::uint64_t deadline = CycleClock::now() + CycleClock::from_us(kSliceUs);
  while (!counted_all_) {
    counted_all_ = count_next(kCountedAtOnce);
    if (!counted_all_ && CycleClock::now() >= deadline) return true;
  }
  while (over_limit()) {
    Session* const victim = largest();
    if (victim == nullptr) return false;
    const std::string reason =
        fmt::format("it takes {} of the {} bytes of all clients, more than maxmemory-clients",
                    victim->memory.bytes, total_);
    ++context_.evicted_clients;
    forget(*victim);
    close_client(context_, *victim, reason);
    if (CycleClock::now() >= deadline) break;
  }
  return over_limit();
}

void ClientEviction::look_around() {
  if (!watches() || !counted_all_) return;
  count_next(std::clamp(context_.clients.size() / kLooks, kFewestPerLook, kMostPerLook));
}

}  // namespace tarn
