#include "core/containers/timing_wheel.h"

#include <bit>
#include <new>

#include "core/base/assert.h"

namespace tarn {

TimingWheel& TimingWheel::operator=(TimingWheel&& other) noexcept {
  TimingWheel taken(std::move(other));
  swap(taken);
  return *this;
}

void TimingWheel::swap(TimingWheel& other) noexcept {
  std::swap(now_ms_, other.now_ms_);
  std::swap(size_, other.size_);
  std::swap(memory_bytes_, other.memory_bytes_);
  due_.swap(other.due_);
  retry_.swap(other.retry_);
  levels_.swap(other.levels_);
  sweeping_.swap(other.sweeping_);
  std::swap(sweeping_due_ms_, other.sweeping_due_ms_);
  std::swap(sweep_cursor_, other.sweep_cursor_);
}

void TimingWheel::add(int64_t deadline_ms, uint64_t item) {
  TARN_ASSERT(deadline_ms >= 0 && deadline_ms <= kMaxDeadlineMs);
  ++size_;
  if (deadline_ms <= now_ms_) return due_.push(item, memory_bytes_);
  const size_t level_number = level_of(deadline_ms);
  std::unique_ptr<Level>& level = levels_[level_number];
  if (level == nullptr) {
    level = std::make_unique<Level>();
    memory_bytes_ += sizeof(Level);
  }
  const auto slot = static_cast<size_t>(position(deadline_ms, level_number)) % kSlots;
  level->slots[slot].push(item, memory_bytes_);
  level->occupied[slot / 64] |= uint64_t{1} << slot % 64;
}

// Puts back an item that the owner was asked about. One that is due is not added to `due_`, where
// it would come up again at once, and forever.
void TimingWheel::keep(int64_t deadline_ms, uint64_t item) {
  if (deadline_ms > now_ms_) return add(deadline_ms, item);
  ++size_;
  retry_.push(item, memory_bytes_);
}

// The lowest level where the deadline's slot is less than 128 ahead. The distance in slots is the
// distance in time divided by the slot's span, or one more.
size_t TimingWheel::level_of(int64_t deadline_ms) const {
  const auto distance_bits =
      static_cast<size_t>(std::bit_width(static_cast<uint64_t>(deadline_ms - now_ms_)));
  const size_t level = distance_bits <= 7 ? 0 : (distance_bits - 7 + kLevelBits - 1) / kLevelBits;
  const int64_t slots_ahead = position(deadline_ms, level) - position(now_ms_, level);
  return slots_ahead < int64_t{kSlots} ? level : level + 1;
}

// ---- The clock

void TimingWheel::set_clock(int64_t now_ms) {
  TARN_ASSERT(now_ms >= 0 && now_ms <= kMaxDeadlineMs);
  if (now_ms == now_ms_) return;
  const int64_t from_ms = std::exchange(now_ms_, now_ms);
  due_.append(std::move(retry_));
  if (sweeping_due_ms_ <= now_ms) {
    due_.append(std::move(sweeping_));
    sweeping_due_ms_ = kNever;
  }
  for (size_t level = 0; level < kLevels; ++level) {
    if (levels_[level] != nullptr) enter_slots(level, from_ms);
  }
}

// Moves the level's slots from the time `from_ms` to the present. Going back, the slot under
// cascade is no longer the next one, and its items must find their place again.
void TimingWheel::enter_slots(size_t level_number, int64_t from_ms) {
  Level& level = *levels_[level_number];
  const int64_t from = position(from_ms, level_number);
  const int64_t present = position(now_ms_, level_number);
  if (from == present) return;
  due_.append(std::move(level.cascading));
  if (from > present) return;
  const bool cascades = level_number > 0;
  const int64_t first = cascades ? from + 2 : from + 1;  // from + 1 was in `cascading`
  const int64_t last = std::min(present, first + int64_t{kSlots} - 1);
  for (int64_t p = next_occupied(level, first); p <= last; p = next_occupied(level, p + 1)) {
    due_.append(take_slot(level, static_cast<size_t>(p) % kSlots));
  }
  if (!cascades) return;
  level.cascading = take_slot(level, static_cast<size_t>(present + 1) % kSlots);
  level.cascade_items = level.cascading.size();
}

TimingWheel::ItemList TimingWheel::take_slot(Level& level, size_t slot) {
  level.occupied[slot / 64] &= ~(uint64_t{1} << slot % 64);
  return std::exchange(level.slots[slot], ItemList());
}

void TimingWheel::release_levels_if_empty() {
  if (size_ > 0 || memory_bytes_ == 0) return;
  levels_ = {};
  memory_bytes_ = 0;
}

// The first position >= `position` with items, kNever if the level has none.
int64_t TimingWheel::next_occupied(const Level& level, int64_t position) {
  const auto start = static_cast<size_t>(position) % kSlots;
  // The bitmap rotated so that `start` is bit 0, in two words.
  const uint64_t near = level.occupied[start / 64];
  const uint64_t far = level.occupied[1 - start / 64];
  const size_t shift = start % 64;
  const uint64_t low = shift == 0 ? near : near >> shift | far << (64 - shift);
  const uint64_t high = shift == 0 ? far : far >> shift | near << (64 - shift);
  if (low != 0) return position + std::countr_zero(low);
  if (high != 0) return position + 64 + std::countr_zero(high);
  return kNever;
}

// ---- Pacing of cascades

// A cascade proceeds linearly, so that it is done after 3/4 of its span: late enough to spread the
// work, with a reserve for loops that are late themselves. Its first kPacedItems are visited at
// once.
size_t TimingWheel::overdue_cascade_items(size_t level_number) const {
  const Level* level = levels_[level_number].get();
  if (level == nullptr || level->cascading.empty()) return 0;
  const int64_t elapsed_ms = now_ms_ % span_ms(level_number);
  const double share =
      static_cast<double>(elapsed_ms) / (0.75 * static_cast<double>(span_ms(level_number)));
  const double target = share * static_cast<double>(level->cascade_items);
  const size_t wanted =
      std::min(level->cascade_items, std::max(kPacedItems, static_cast<size_t>(target)));
  const size_t visited = level->cascade_items - level->cascading.size();
  return wanted > visited ? wanted - visited : 0;
}

// When the cascade should have kPacedItems more behind it than now (or all of them).
int64_t TimingWheel::next_cascade_ms(size_t level_number) const {
  const Level& level = *levels_[level_number];
  if (level.cascading.empty()) return kNever;
  if (overdue_cascade_items(level_number) > 0) return now_ms_;
  const size_t visited = level.cascade_items - level.cascading.size();
  const size_t wanted = std::min(level.cascade_items, visited + kPacedItems);
  const double share = static_cast<double>(wanted) / static_cast<double>(level.cascade_items);
  const auto delay_ms =
      static_cast<int64_t>(share * 0.75 * static_cast<double>(span_ms(level_number)));
  const int64_t span_start_ms = now_ms_ - now_ms_ % span_ms(level_number);
  return std::max(now_ms_ + 1, span_start_ms + delay_ms + 1);
}

int64_t TimingWheel::next_wakeup_ms() const {
  if (!due_.empty()) return now_ms_;
  int64_t wakeup_ms = retry_.empty() ? kNever : now_ms_ + 1;
  wakeup_ms = std::min(wakeup_ms, sweeping_due_ms_);
  for (size_t number = 0; number < kLevels; ++number) {
    if (levels_[number] == nullptr) continue;
    if (number > 0) wakeup_ms = std::min(wakeup_ms, next_cascade_ms(number));
    // Level 0 has something to do when a slot's time comes, the others one slot earlier.
    const int64_t ahead = number == 0 ? 0 : 1;
    const int64_t first = position(now_ms_, number) + 1 + ahead;
    const int64_t occupied = next_occupied(*levels_[number], first);
    if (occupied == kNever) continue;
    wakeup_ms = std::min(wakeup_ms, (occupied - ahead) * span_ms(number));
  }
  return wakeup_ms;
}

// ---- Sweeping

// Takes the next occupied slot out of its level. False, and back to the start, after the last.
bool TimingWheel::start_sweeping_next_slot() {
  for (; sweep_cursor_ < kLevels * kSlots; ++sweep_cursor_) {
    const size_t number = sweep_cursor_ / kSlots;
    const size_t slot = sweep_cursor_ % kSlots;
    Level* level = levels_[number].get();
    if (level == nullptr || level->slots[slot].empty()) continue;
    const int64_t present = position(now_ms_, number);
    const int64_t ahead =
        static_cast<int64_t>((slot + kSlots - static_cast<size_t>(present) % kSlots) % kSlots);
    sweeping_ = take_slot(*level, slot);
    sweeping_due_ms_ = std::max(now_ms_ + 1, (present + ahead) * span_ms(number));
    ++sweep_cursor_;
    return true;
  }
  sweep_cursor_ = 0;
  return false;
}

// ---- Lists

TimingWheel::ItemList& TimingWheel::ItemList::operator=(ItemList&& other) noexcept {
  ItemList taken(std::move(other));
  swap(taken);
  return *this;
}

TimingWheel::ItemList::~ItemList() {
  while (head_ != nullptr) {
    Chunk* next = head_->next;
    ::operator delete(head_);
    head_ = next;
  }
}

void TimingWheel::ItemList::swap(ItemList& other) noexcept {
  std::swap(head_, other.head_);
  std::swap(tail_, other.tail_);
  std::swap(size_, other.size_);
}

void TimingWheel::ItemList::grow(size_t& memory_bytes) {
  const size_t capacity = head_ == nullptr ? kFirstChunkItems : kChunkItems;
  const Chunk chunk = {.next = head_, .count = 0, .capacity = static_cast<uint32_t>(capacity)};
  head_ = new (::operator new(chunk_bytes(capacity))) Chunk(chunk);
  if (tail_ == nullptr) tail_ = head_;
  memory_bytes += chunk_bytes(capacity);
}

// Takes up to items.size() items out and returns how many; fewer at the end of a chunk, 0 only from
// an empty list.
size_t TimingWheel::ItemList::pop(std::span<uint64_t> items, size_t& memory_bytes) {
  if (empty()) return 0;
  const auto count = std::min<size_t>(items.size(), head_->count);
  head_->count -= static_cast<uint32_t>(count);
  std::copy_n(items_of(head_) + head_->count, count, items.begin());
  size_ -= count;
  if (head_->count == 0) {
    Chunk* consumed = std::exchange(head_, head_->next);
    if (head_ == nullptr) tail_ = nullptr;
    memory_bytes -= chunk_bytes(consumed->capacity);
    ::operator delete(consumed);
  }
  return count;
}

// Adds all items of `other`, in O(1).
void TimingWheel::ItemList::append(ItemList&& other) {
  if (other.empty()) return;
  if (empty()) return swap(other);
  tail_->next = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ += std::exchange(other.size_, 0);
}

}  // namespace tarn
