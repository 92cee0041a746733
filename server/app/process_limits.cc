#include "server/app/process_limits.h"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace tarn {
namespace {

// Descriptors that are not clients': listening sockets, files, the event loop.
constexpr rlim_t kOwnFiles = 32;
constexpr const char* kOomScoreFile = "/proc/self/oom_score_adj";

int read_oom_score() {
  int score = 0;
  std::ifstream(kOomScoreFile) >> score;
  return score;
}

}  // namespace

std::uint32_t make_room_for_clients(std::uint32_t wanted) {
  const rlim_t needed = rlim_t{wanted} + kOwnFiles;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= needed) return wanted;
  // Above the hard limit only a privileged process gets.
  const rlimit raised{needed, std::max(limit.rlim_max, needed)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  const rlimit highest{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &highest) == 0) limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_cur >= needed) return wanted;
  return limit.rlim_cur > kOwnFiles ? static_cast<std::uint32_t>(limit.rlim_cur - kOwnFiles) : 1;
}

void disable_huge_pages() { static_cast<void>(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)); }

namespace {

// The indexes of oom-score-adj-values.
constexpr std::size_t kServer = 0;
constexpr std::size_t kChild = 2;

Result<> apply_oom_score_as(std::size_t role, const Options& options) {
  static const int kInitial = read_oom_score();
  static bool applied = false;
  const int value = options.oom_score_adj_values[role];
  int score = kInitial;
  if (options.oom_score_adj == OomScoreMode::kAbsolute) score = value;
  if (options.oom_score_adj == OomScoreMode::kRelative) score = kInitial + value;
  if (options.oom_score_adj == OomScoreMode::kNo && !applied) return {};
  std::ofstream file(kOomScoreFile);
  file << std::clamp(score, -1000, 1000);
  file.close();
  if (!file) return Error{fmt::format("Cannot write {} to {}", score, kOomScoreFile)};
  applied = true;
  return {};
}

}  // namespace

Result<> apply_oom_score(const Options& options) { return apply_oom_score_as(kServer, options); }

Result<> apply_oom_score_of_child(const Options& options) {
  return apply_oom_score_as(kChild, options);
}

// Each step of niceness is worth a factor of 1.25. Much more than this and a snapshot on a busy
// processor would take so long that the memory copied meanwhile costs more than what is won.
void give_way_to_commands() {
  constexpr int kSteps = 3;
  static_cast<void>(!::nice(kSteps));  // where the limit is reached there is nothing to give
}

}  // namespace tarn
