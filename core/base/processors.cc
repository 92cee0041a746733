#include "core/base/processors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/base/numbers.h"

namespace tarn {
namespace {

// Helpers start others as well, so it has a lock.
std::mutex mutex;
std::optional<cpu_set_t> helper_processors;

// The text before the mark, or all; what comes behind it is left.
std::string_view take_until(char mark, std::string_view& text) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

// One of the list's parts: "3", "0-7" or "0-7:2".
bool add_range(std::string_view part, cpu_set_t& processors) {
  const bool is_range = part.find('-') != part.npos;
  const bool has_step = part.find(':') != part.npos;
  if (has_step && !is_range) return false;
  std::uint64_t first = 0;
  std::uint64_t step = 1;
  std::string_view bounds = take_until(':', part);
  if (has_step && (!parse_uint64(part, step) || step == 0)) return false;
  if (!parse_uint64(take_until('-', bounds), first)) return false;
  std::uint64_t last = first;
  if (is_range && !parse_uint64(bounds, last)) return false;
  if (first > last || last >= CPU_SETSIZE) return false;
  for (; first <= last; first += std::min<std::uint64_t>(step, CPU_SETSIZE)) {
    CPU_SET(first, &processors);
  }
  return true;
}

// Of the thread that calls.
Result<> bind_thread(const cpu_set_t& processors, std::string_view list) {
  if (::sched_setaffinity(0, sizeof processors, &processors) == 0) return {};
  return Error{fmt::format("Cannot run on the processors '{}': {}", list, std::strerror(errno))};
}

}  // namespace

Result<cpu_set_t> parse_processors(std::string_view list) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  std::string_view rest = list;
  for (bool more = true; more;) {
    more = rest.find(',') != rest.npos;
    if (!add_range(take_until(',', rest), processors)) {
      return Error{fmt::format("'{}' is no list of processors", list)};
    }
  }
  return processors;
}

Result<> bind_to_processors(std::string_view list) {
  if (list.empty()) return {};
  const auto processors = parse_processors(list);
  if (!processors) return processors.error();
  return bind_thread(*processors, list);
}

Result<> bind_helpers_to_processors(std::string_view list) {
  cpu_set_t processors;
  if (!list.empty()) {
    const auto parsed = parse_processors(list);
    if (!parsed) return parsed.error();
    processors = *parsed;
  } else if (::sched_getaffinity(0, sizeof processors, &processors) != 0) {
    return {};  // more of them than a set holds
  }
  const std::lock_guard lock(mutex);
  helper_processors = processors;
  return {};
}

std::thread start_helper(std::function<void()> body) {
  std::optional<cpu_set_t> processors;
  {
    const std::lock_guard lock(mutex);
    processors = helper_processors;
  }
  return std::thread([processors, body = std::move(body)] {
    // A list of processors that are not there binds nothing.
    if (processors) static_cast<void>(bind_thread(*processors, {}));
    body();
  });
}

}  // namespace tarn
