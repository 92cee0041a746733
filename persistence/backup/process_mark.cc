#include "persistence/backup/process_mark.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>

namespace tarn {
namespace {

// In ticks since the system began (proc(5)); nothing where the process has ended.
std::optional<std::uint64_t> start_time_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  // The name, in parentheses, may have any signs in it.
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  constexpr int kFieldsBetween = 18;
  std::istringstream fields(text.substr(name_end + 1));
  char state = 0;
  fields >> state;
  std::string ignored;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> ignored;
  std::uint64_t time = 0;
  if (state == 'Z' || !(fields >> time)) return std::nullopt;
  return time;
}

}  // namespace

void ProcessMark::set(pid_t process) const {
  if (const auto time = start_time_of(process)) {
    std::ofstream(path_) << process << ' ' << *time << '\n';
  }
}

void ProcessMark::clear() const { ::unlink(path_.c_str()); }

std::optional<pid_t> ProcessMark::find() const {
  std::ifstream file(path_);
  pid_t process = 0;
  std::uint64_t time = 0;
  if (!(file >> process >> time) || start_time_of(process) != time) return std::nullopt;
  return process;
}

}  // namespace tarn
