#include "server/app/defrag_rule.h"

#include <algorithm>

namespace tarn {

DefragRule::DefragRule(const Options& options)
    : enabled(options.activedefrag),
      ignore_bytes(options.active_defrag_ignore_bytes),
      threshold_lower(options.active_defrag_threshold_lower),
      threshold_upper(options.active_defrag_threshold_upper),
      cycle_min(options.active_defrag_cycle_min),
      cycle_max(options.active_defrag_cycle_max) {}

int DefragRule::effort(std::size_t sparse_bytes, std::size_t resident_bytes) const {
  if (!enabled || sparse_bytes == 0 || sparse_bytes < ignore_bytes) return 0;
  const std::size_t dense = std::max<std::size_t>(resident_bytes - sparse_bytes, 1);
  const double percent = 100.0 * static_cast<double>(sparse_bytes) / static_cast<double>(dense);
  if (percent < threshold_lower) return 0;
  const int most = std::max(cycle_min, cycle_max);
  if (percent >= threshold_upper) return most;
  const double share = (percent - threshold_lower) / (threshold_upper - threshold_lower);
  return cycle_min + static_cast<int>(share * (most - cycle_min));
}

}  // namespace tarn
