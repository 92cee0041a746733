#include "tools/moment.h"

#include <fmt/core.h>

#include <ctime>
#include <string_view>

#include "core/base/numbers.h"

namespace tarn {
namespace {

// Takes ".123" from the front: up to three digits, the rest of them is left out.
bool take_fraction(std::string_view& text, std::int64_t& ms) {
  ms = 0;
  if (!text.starts_with('.')) return true;
  text.remove_prefix(1);
  int digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    if (digits < 3) ms = ms * 10 + (text[0] - '0');
  }
  for (int i = digits; i < 3; ++i) ms *= 10;
  return digits > 0;
}

bool parse_unix(std::string_view text, std::int64_t& time_ms) {
  constexpr std::int64_t kMaxSeconds = 1'000'000'000'000;
  std::int64_t seconds = 0;
  std::int64_t ms = 0;
  const std::size_t whole = std::min(text.find('.'), text.size());
  if (!parse_int64(text.substr(0, whole), seconds) || seconds < 0 || seconds > kMaxSeconds) {
    return false;
  }
  text.remove_prefix(whole);
  if (!take_fraction(text, ms) || !text.empty()) return false;
  time_ms = seconds * 1000 + ms;
  return true;
}

bool parse_calendar(const std::string& text, std::int64_t& time_ms) {
  std::tm tm{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &tm);
  if (end == nullptr) end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (end == nullptr) return false;
  std::string_view rest(end);
  std::int64_t ms = 0;
  if (!take_fraction(rest, ms) || (!rest.empty() && rest != "Z")) return false;
  tm.tm_isdst = -1;
  const int day = tm.tm_mday;
  const std::time_t seconds = rest == "Z" ? ::timegm(&tm) : std::mktime(&tm);
  // Such a day as the 31st of November is no day.
  if (seconds < 0 || tm.tm_mday != day) return false;
  time_ms = std::int64_t{seconds} * 1000 + ms;
  return true;
}

}  // namespace

Result<Moment> parse_moment(const std::string& text) {
  Moment moment;
  if (parse_uint64(text, moment.sequence) && moment.is_sequence()) return moment;
  moment = {};
  const bool read = text.starts_with('@')
                        ? parse_unix(std::string_view(text).substr(1), moment.time_ms)
                        : parse_calendar(text, moment.time_ms);
  if (read) return moment;
  return Error{fmt::format(
      "\"{}\" is no moment: expected a sequence number, a time as \"2026-11-20 10:00:00\" (with Z "
      "behind it for UTC), or @ and Unix seconds",
      text)};
}

std::string print_time(std::int64_t time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm tm{};
  ::localtime_r(&seconds, &tm);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
  return fmt::format("{}.{:03}", std::string_view(text, size), time_ms % 1000);
}

}  // namespace tarn
