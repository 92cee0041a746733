#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

namespace tarn {

// Is shown the name of a field.
using FieldVisit = std::function<void(std::string_view field)>;

// What a hash knows of its deadlines as a whole, for the keyspace, which is to wake up when the
// first field is due. It is kept with the hash, in eight bytes.
//
// The hash lowers `ms` when a field gets an earlier deadline, and says so by `changed`; the
// keyspace then puts an item into its wheel and gives it a ticket of its own, so that items of
// earlier times can be told from it. A time that proves too early is raised in silence: the item
// comes up, and moves on.
struct FieldWakeup {
  static constexpr std::int64_t kMaxMs = (std::int64_t{1} << 47) - 1;
  static constexpr std::int64_t kNever = kMaxMs;
  static constexpr std::uint16_t kNoTicket = 0xffff;

  std::int64_t ms = kNever;          // no field is due before; kNever: none has a deadline
  std::uint16_t ticket = kNoTicket;  // of the item in the wheel
  bool changed = false;              // the item, if there is one, comes up too late

  bool due(std::int64_t now_ms) const { return ms <= now_ms && ms != kNever; }

  // A field is due at that time.
  void include(std::int64_t deadline_ms) {
    if (deadline_ms >= ms) return;
    ms = deadline_ms;
    changed = true;
  }
  // No field is due before; the item, if there is one, comes up earlier.
  void raise(std::int64_t earliest_ms) { ms = earliest_ms; }

  static constexpr std::size_t kBytes = 8;

  static FieldWakeup load(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return {.ms = static_cast<std::int64_t>(word & kMaxMs),
            .ticket = static_cast<std::uint16_t>(word >> 47),
            .changed = word >> 63 != 0};
  }
  void save(char* at) const {
    const std::uint64_t word =
        static_cast<std::uint64_t>(ms) | std::uint64_t{ticket} << 47 | std::uint64_t{changed} << 63;
    std::memcpy(at, &word, sizeof word);
  }
};

}  // namespace tarn
