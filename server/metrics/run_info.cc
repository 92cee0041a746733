#include "server/metrics/run_info.h"

#include <fmt/core.h>

#include <filesystem>
#include <system_error>

#include "core/base/random.h"

namespace tarn {
namespace {

std::string random_id() {
  Rng random;
  const std::string digits = fmt::format("{:016x}{:016x}{:016x}", random(), random(), random());
  return digits.substr(0, 40);
}

}  // namespace

RunInfo::RunInfo(const Clock& clock)
    : run_id(random_id()),
      replication_id(random_id()),
      started_ms(clock.monotonic_ms()),
      started_at_s(clock.now_ms() / 1000) {
  std::error_code fault;
  executable = std::filesystem::read_symlink("/proc/self/exe", fault).string();
}

void RunInfo::change_replication_id() { replication_id = random_id(); }

}  // namespace tarn
