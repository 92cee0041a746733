#pragma once

#include <cstdint>

#include "core/base/random.h"

namespace tarn {

// Chooses so many of the elements of a sequence in one pass over it, each choice of as many with
// the same probability: selection sampling (C. T. Fan, M. E. Muller and I. Rezucha, 1962; Knuth,
// "The Art of Computer Programming", vol. 2, 3.4.2, algorithm S).
//
//     Selection selection(wanted, elements, rng);
//     for (element : elements) if (selection.takes_next()) ...
class Selection {
 public:
  // REQUIRES: wanted <= elements
  Selection(std::uint64_t wanted, std::uint64_t elements, Rng& rng)
      : wanted_(wanted), left_(elements), rng_(rng) {}

  // Whether the next element is chosen. REQUIRES: there is one.
  bool takes_next() {
    const bool taken = rng_.below(left_--) < wanted_;
    wanted_ -= taken ? 1 : 0;
    return taken;
  }

 private:
  std::uint64_t wanted_;
  std::uint64_t left_;
  Rng& rng_;
};

}  // namespace tarn
