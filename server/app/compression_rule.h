#pragma once

#include <cstddef>
#include <cstdint>

namespace tarn {

// When a walk that compresses values is worth while: when it will find enough of them.
//
//  1. Each change of a key may have left a value plain. A walk waits for one in so many keys.
//  2. Packed collections are plain while they are used, and the walk passes over those that do not
//     rest yet. Once as many wait, it comes again when they have had the time to rest, even if
//     nothing is changed any more.
//  3. After a walk that found little to compress, the next waits for more, so that a dataset of
//     small values, or of such as do not compress, is not looked at again and again. However little
//     there is, it is not left for ever.
class CompressionRule {
 public:
  // What there is at a moment, counted since the server started.
  struct Sight {
    std::int64_t now_ms = 0;
    std::size_t keys = 0;
    std::uint64_t changes = 0;   // of keys
    std::uint64_t expanded = 0;  // collections that are plain because somebody looked into them
    std::int64_t rest_ms = 0;    // after so long without a use, a collection may be compressed
  };

  bool worth_a_walk(const Sight& sight) const;
  void walk_begins(const Sight& sight);
  // It tried to compress so many values, and passed over so many collections.
  void walk_ends(const Sight& sight, std::uint64_t tried, std::uint64_t resting);
  // What was left alone so far may be worth while now.
  void forget() { *this = {}; }

 private:
  std::uint64_t changes_ = 0;      // when the last walk began
  std::uint64_t expanded_ = 0;     // likewise
  std::uint64_t passed_over_ = 0;  // in it
  std::int64_t walked_at_ms_ = 0;  // when it ended
  std::uint64_t patience_ = 0;     // how many times as much as usual the next one waits for
};

}  // namespace tarn
