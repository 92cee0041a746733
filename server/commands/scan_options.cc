#include "server/commands/scan_options.h"

#include <charconv>

#include "core/base/glob.h"

namespace tarn {

std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  std::uint64_t cursor = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, cursor);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return negative ? 0 - cursor : cursor;
}

bool scan_pattern_matches(std::string_view pattern, std::string_view name) {
  return pattern == "*" || glob_match(pattern, name);
}

bool ScanOptions::accept(ArgReader& args) {
  if (args.accept("match", 1)) {
    pattern = args.next();
    return true;
  }
  if (!args.accept("count", 1)) return false;
  const std::int64_t value = args.integer();
  if (value < 1) args.fail_syntax();
  count = static_cast<std::uint64_t>(value);
  return true;
}

}  // namespace tarn
