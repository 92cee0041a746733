#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace tarn {

// How a TimingWheel asks its owner about items.
//
//   void prefetch(std::span<const uint64_t> items)
//     These items are visited next: bring what visit() needs into the cache.
//   std::optional<int64_t> visit(uint64_t item)
//     The item's true deadline if it must stay in the wheel, or nullopt if it is stale or has just
//     been expired. May call the wheel's add(), and nothing else that changes the wheel.
template <class V>
concept TimingWheelVisitor = requires(V& visitor, std::span<const uint64_t> items, uint64_t item) {
  visitor.prefetch(items);
  { visitor.visit(item) } -> std::same_as<std::optional<int64_t>>;
};

// When which item is due: an index of deadlines for millions of opaque 8-byte items.
//
// Idea. A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
// SOSP 1987) whose slots are lists of plain items. An item carries no deadline and nothing points
// to it: its owner knows its deadline, and changes or forgets it without telling. Whenever an item
// comes up, the owner is asked, and answers with where it belongs now, or that it is gone.
//
//  1. There are eight levels of 128 slots; a slot of level n spans 64^n ms, and the slot of time t
//     is (t >> 6n) & 127. An item goes to the lowest level where its slot is less than 128 slots
//     ahead of the present.
//  2. As 128 slots of level n cover all of the next slot of level n+1, that one can be cascaded
//     (its items visited and put into lower levels) during the whole span before its time comes;
//     nothing is added to it any more. So cascades run ahead of time, in slices spread over the
//     span.
//  3. When the clock moves, whole slots change lists, which costs the same for one item or a
//     million: those whose time has come join `due_`, the next one of each level becomes its
//     `cascading` list, and what is left of the previous cascading list joins `due_` too. A jump of
//     years moves at most 128 slots a level.
//  4. advance() visits from `due_` first, then from the cascading lists as far as they should be by
//     now, up to the caller's limit. Lists are consumed from their head, so they are their own
//     cursors.
//  5. When the clock goes back, slots of the old future alias with nearer times of the new one.
//     Their items are visited too early, never too late, and find their place again.
//
// Invariants: an item with deadline d is in `due_`, `retry_`, `sweeping_`, a cascading list, or a
// slot that is visited at the latest when the clock reaches d. Between calls no slot of level n >=
// 1 within the present or next span holds anything but aliases.
//
// Memory: 8.3 bytes an item in long lists; lists are chunks of 62 items (the first of 6), so
// growing never copies. Chunks are freed as they are consumed, levels are made at their first use
// and freed when the wheel is empty.
//
// Deadlines and clock are milliseconds from 0 to kMaxDeadlineMs.
class TimingWheel {
 public:
  static constexpr int64_t kMaxDeadlineMs = (int64_t{1} << 47) - 1;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  struct Advance {
    size_t visited_items;
    bool more;  // work is left for now
  };

  struct Sweep {
    size_t visited_items;
    bool pass_complete;  // every slot has been visited since the last complete pass
  };

  explicit TimingWheel(int64_t now_ms = 0) : now_ms_(now_ms) {}
  TimingWheel(TimingWheel&& other) noexcept { swap(other); }  // leaves `other` empty, at time 0
  TimingWheel& operator=(TimingWheel&& other) noexcept;
  void swap(TimingWheel& other) noexcept;

  // Makes the item come up when the clock reaches the deadline, or at the next advance() if that is
  // past. The same item may be in the wheel several times. O(1)
  // REQUIRES: 0 <= deadline_ms <= kMaxDeadlineMs
  void add(int64_t deadline_ms, uint64_t item);

  // Moves the clock (any way) and visits up to `max_items` of the items that are due or to be
  // cascaded by now. When `more` is false, every item with a deadline <= now_ms has been visited.
  // One that stays although it is due comes up again when the clock has moved.
  // REQUIRES: 0 <= now_ms <= kMaxDeadlineMs
  template <TimingWheelVisitor Visitor>
  Advance advance(int64_t now_ms, size_t max_items, Visitor&& visitor);

  // When advance() has something to do next, not before the clock of the last advance(); kNever if
  // there is nothing. O(levels)
  int64_t next_wakeup_ms() const;

  // Visits the next `max_items` items in slots, whatever their deadline, where the last sweep()
  // stopped. So an owner gets rid of stale items when they outnumber the live ones.
  template <TimingWheelVisitor Visitor>
  Sweep sweep(size_t max_items, Visitor&& visitor);

  // Items, stale ones included.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t memory_bytes() const { return sizeof(*this) + memory_bytes_; }

  // Drops everything; the clock stays.
  void clear() { *this = TimingWheel(now_ms_); }

 private:
  static constexpr size_t kLevels = 8;
  static constexpr size_t kLevelBits = 6;
  static constexpr size_t kSlots = 128;
  static constexpr size_t kFirstChunkItems = 6;  // 64 bytes
  static constexpr size_t kChunkItems = 62;      // 512 bytes
  static constexpr size_t kGroupItems = 16;      // told to prefetch() together
  static constexpr size_t kPacedItems = 256;     // a cascade is worth waking up for that many

  // A bag of items: added to and taken from its head chunk.
  class ItemList {
   public:
    ItemList() = default;
    ItemList(ItemList&& other) noexcept { swap(other); }
    ItemList& operator=(ItemList&& other) noexcept;
    ~ItemList();

    void swap(ItemList& other) noexcept;
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    // `memory_bytes` follows what chunks take.
    void push(uint64_t item, size_t& memory_bytes) {
      if (head_ == nullptr || head_->count == head_->capacity) grow(memory_bytes);
      items_of(head_)[head_->count++] = item;
      ++size_;
    }
    size_t pop(std::span<uint64_t> items, size_t& memory_bytes);
    void append(ItemList&& other);

   private:
    struct Chunk {
      Chunk* next;
      uint32_t count;
      uint32_t capacity;
    };
    static uint64_t* items_of(Chunk* chunk) { return reinterpret_cast<uint64_t*>(chunk + 1); }
    static size_t chunk_bytes(size_t capacity) { return sizeof(Chunk) + capacity * 8; }
    void grow(size_t& memory_bytes);

    Chunk* head_ = nullptr;
    Chunk* tail_ = nullptr;
    size_t size_ = 0;
  };

  struct Level {
    std::array<uint64_t, kSlots / 64> occupied{};
    std::array<ItemList, kSlots> slots;
    // The slot after the present one, taken out of `slots` when the present one began.
    ItemList cascading;
    size_t cascade_items = 0;  // how many `cascading` had at first
  };

  static constexpr int64_t span_ms(size_t level) { return int64_t{1} << (level * kLevelBits); }
  static constexpr int64_t position(int64_t time_ms, size_t level) {
    return time_ms >> (level * kLevelBits);
  }

  size_t level_of(int64_t deadline_ms) const;
  void keep(int64_t deadline_ms, uint64_t item);

  // The clock.
  void set_clock(int64_t now_ms);
  void enter_slots(size_t level, int64_t from_ms);
  ItemList take_slot(Level& level, size_t slot);
  void release_levels_if_empty();
  static int64_t next_occupied(const Level& level, int64_t position);

  // Pacing of cascades.
  size_t overdue_cascade_items(size_t level) const;
  int64_t next_cascade_ms(size_t level) const;

  // Sweeping.
  bool start_sweeping_next_slot();

  template <class Visitor>
  size_t visit_some(ItemList& list, size_t max_items, Visitor& visitor);

  int64_t now_ms_ = 0;
  size_t size_ = 0;
  size_t memory_bytes_ = 0;  // chunks and levels
  ItemList due_;             // to be visited now
  ItemList retry_;           // due, but the owner kept them: due again when the clock moves
  std::array<std::unique_ptr<Level>, kLevels> levels_;
  ItemList sweeping_;                 // a slot under sweep, out of its level
  int64_t sweeping_due_ms_ = kNever;  // when that slot's time comes
  size_t sweep_cursor_ = 0;           // level * kSlots + slot to sweep next
};

template <TimingWheelVisitor Visitor>
TimingWheel::Advance TimingWheel::advance(int64_t now_ms, size_t max_items, Visitor&& visitor) {
  set_clock(now_ms);
  size_t budget = max_items - visit_some(due_, max_items, visitor);
  bool more = false;
  for (size_t level = 1; level < kLevels; ++level) {
    const size_t overdue = overdue_cascade_items(level);
    if (overdue == 0) continue;
    const size_t visited =
        visit_some(levels_[level]->cascading, std::min(overdue, budget), visitor);
    budget -= visited;
    more = more || visited < overdue;
  }
  release_levels_if_empty();
  return {.visited_items = max_items - budget, .more = more || !due_.empty()};
}

template <TimingWheelVisitor Visitor>
TimingWheel::Sweep TimingWheel::sweep(size_t max_items, Visitor&& visitor) {
  size_t visited = 0;
  while (true) {
    visited += visit_some(sweeping_, max_items - visited, visitor);
    if (!sweeping_.empty()) return {.visited_items = visited, .pass_complete = false};
    sweeping_due_ms_ = kNever;
    if (!start_sweeping_next_slot()) return {.visited_items = visited, .pass_complete = true};
  }
}

// Takes groups of items out of `list` before it visits them, so that visit() may add to it.
template <class Visitor>
size_t TimingWheel::visit_some(ItemList& list, size_t max_items, Visitor& visitor) {
  size_t visited = 0;
  while (visited < max_items && !list.empty()) {
    std::array<uint64_t, kGroupItems> buffer;
    const size_t wanted = std::min(kGroupItems, max_items - visited);
    const size_t count = list.pop(std::span(buffer).first(wanted), memory_bytes_);
    const std::span<const uint64_t> group(buffer.data(), count);
    visitor.prefetch(group);
    for (const uint64_t item : group) {
      --size_;
      if (const std::optional<int64_t> deadline_ms = visitor.visit(item)) keep(*deadline_ms, item);
    }
    visited += count;
  }
  return visited;
}

}  // namespace tarn
