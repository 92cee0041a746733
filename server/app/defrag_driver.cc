#include "server/app/defrag_driver.h"

#include <algorithm>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::uint64_t kSliceUs = 250;
// Each may empty a slab, which takes the system some ten microseconds.
constexpr std::size_t kMovesPerStep = 16;
constexpr std::size_t kElementsPerStep = 64;
// Each may be a copy of 14 KiB.
constexpr std::size_t kLooksPerStep = 32;

}  // namespace

void DefragDriver::plan() {
  if (!rule_.enabled || suspended()) return;
  const int due = effort();
  if (due == 0) return;
  const bool working = stats_.running_percent != 0;
  stats_.running_percent = due;
  if (working) return;
  stats_.sparse.exceeded(clock_.monotonic_us());
  work_after(std::chrono::nanoseconds(0));
}

int DefragDriver::effort() {
  const auto slabs = databases_.slab_usage();
  const auto outside = outside_.usage();
  return rule_.effort(slabs.sparse + outside.sparse, slabs.resident + outside.resident);
}

void DefragDriver::work_after(std::chrono::nanoseconds wait) {
  timer_.expires_after(wait);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) work();
  });
}

void DefragDriver::work() {
  clock_.refresh();
  if (!rule_.enabled || suspended()) return stop();
  const std::uint64_t start = CycleClock::now();
  const std::uint64_t end = start + CycleClock::from_us(kSliceUs);
  bool more = true;
  std::uint64_t now = start;
  while (more && now < end) {
    more = work_for_a_step();
    now = CycleClock::now();
  }
  const auto spent_ns = static_cast<std::int64_t>(CycleClock::to_ns(now - start));
  latency_.add(latency_events::kDefragCycle, clock_.now_ms() / 1000, spent_ns / 1'000'000);
  if (!more) return stop();
  work_after(
      std::chrono::nanoseconds(spent_ns * (100 - stats_.running_percent) / stats_.running_percent));
}

// Returns whether there is more to do: entries first, then elements of collections, then what is
// not in slabs.
bool DefragDriver::work_for_a_step() {
  const auto entries = databases_.evacuate_step(kMovesPerStep);
  const Gathered of_entries{entries.moved_objects, entries.refused_objects};
  stats_.add(of_entries, of_entries);
  if (entries.more) return true;
  const auto collections = databases_.gather_step(kElementsPerStep);
  stats_.add(collections.elements, {collections.collections_moved, collections.collections_left});
  if (collections.more) return true;
  const auto outside = outside_.step(kLooksPerStep);
  stats_.add(outside.objects, outside.keys);
  return outside.more;
}

void DefragDriver::stop() {
  stats_.running_percent = 0;
  stats_.sparse.met(clock_.monotonic_us());
}

}  // namespace tarn
