#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/containers/packed_element.h"

namespace tarn {

// What a list does within a run: elements packed one after the other, trusted bytes.
namespace list_run {

// Where the element `elements` further on starts. Where each start waits for the length before it,
// a step takes 2.5 ns; so elements that follow with the same tag, as they do in lists of
// identifiers, are passed four at a time, which makes it 0.9.
inline const char* skip(const char* at, std::size_t elements) {
  for (; elements >= 4; elements -= 4) {
    const std::size_t step = packed::encoded_bytes(at);
    const bool tag_says_length = packed::tag_at(at) < packed::kMediumString;
    if (tag_says_length && at[step] == *at && at[2 * step] == *at && at[3 * step] == *at) {
      at += 4 * step;
    } else {
      at = packed::skip(packed::skip(packed::skip(at + step)));
    }
  }
  for (; elements > 0; --elements) at = packed::skip(at);
  return at;
}

// How many bytes the first `elements` take.
inline std::size_t prefix_bytes(std::string_view run, std::size_t elements) {
  return static_cast<std::size_t>(skip(run.data(), elements) - run.data());
}

// How many elements equal the probe.
std::size_t count_matches(std::string_view run, const PackedProbe& probe);

// Closes up over `n` of the elements that equal the probe, the first `spared` of them left alone.
// REQUIRES: there are as many
void remove_matches(char* run, std::size_t bytes, const PackedProbe& probe, std::size_t spared,
                    std::size_t n);

// The lengths of a run's last elements, as far as they are known: what a list finds, and pops, the
// elements near its back by, as runs have no links back. Lengths, and not places, stay right when
// the run moves or grows in front. None are known, and none are kept, before the first look from
// the back.
//
// The length of a run's only element is never looked at, and may be wrong.
class TailLengths {
 public:
  // REQUIRES: more than one element. O(1) amortised over the pops that follow.
  std::size_t last(std::string_view run, std::size_t elements) {
    if (lengths_.empty()) note(run, elements);
    return lengths_.back();
  }

  // How many bytes the last `count` take; nothing where that is sooner told from the front.
  // REQUIRES: count < elements. O(count / 16), and amortised as above.
  std::optional<std::size_t> suffix_bytes(std::string_view run, std::size_t elements,
                                          std::size_t count);

  // The run of now `elements` got or lost its last one, of this length.
  void push(std::size_t length, std::size_t elements);
  void pop(std::size_t count = 1) {
    lengths_.resize(lengths_.size() - std::min(count, lengths_.size()));
  }
  // The element that has so many behind it was replaced.
  void replace(std::size_t behind, std::size_t length) {
    if (behind < lengths_.size()) {
      lengths_[lengths_.size() - 1 - behind] = static_cast<std::uint16_t>(length);
    }
  }
  // It lost others in front, and has so many now.
  void shorten(std::size_t elements) {
    if (lengths_.size() > elements) [[unlikely]]
      lengths_.erase(lengths_.begin(), lengths_.end() - static_cast<std::ptrdiff_t>(elements));
  }
  // It was changed in another way, or it is another run.
  void clear() { lengths_.clear(); }

  void swap(TailLengths& other) noexcept { lengths_.swap(other.lengths_); }
  std::size_t memory_bytes() const;
  // Asserts that what is known is right.
  void check(std::string_view run, std::size_t elements) const;

 private:
  // A quarter, so that noting them costs 2.5 steps an element when all are popped.
  static std::size_t limit(std::size_t elements) { return 32 + elements / 4; }
  void note(std::string_view run, std::size_t elements);

  std::vector<std::uint16_t> lengths_;
};

}  // namespace list_run
}  // namespace tarn
