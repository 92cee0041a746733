#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/clock.h"

namespace tarn {

// Numbers for versions of items, each used once: in the life of this server, and, as they start
// with the microseconds of the Unix time, in the lives before and after it too, unless more than a
// million a second were needed throughout one of them. So a number that a client still holds never
// fits an item that was loaded after a restart. They stay below 2^53, where clients that only know
// doubles begin to round, for 200 years yet.
class CasSource {
 public:
  explicit CasSource(const Clock& clock)
      : last_(static_cast<std::uint64_t>(std::max<std::int64_t>(clock.now_ms(), 0)) * 1000) {}

  std::uint64_t next() { return ++last_; }

 private:
  std::uint64_t last_;
};

}  // namespace tarn
