#include "server/metrics/info.h"

#include <algorithm>

#include "core/base/memory_units.h"
#include "server/engine/args.h"

namespace tarn {

void InfoWriter::memory(std::string_view name, std::uint64_t bytes) {
  field(name, bytes);
  format(fmt::format("{}_human", name), "{}", format_memory_human(bytes));
}

void Info::add(std::string_view title, Shown shown, Section section) {
  rows_.push_back({std::string(title), lower_case(title), shown, std::move(section)});
}

bool Info::wanted(const Row& row, std::span<const std::string_view> names) {
  if (names.empty()) return row.shown == Shown::kAlways;
  return std::ranges::any_of(names, [&](std::string_view name) {
    if (equals_ignoring_case(name, "all") || equals_ignoring_case(name, "everything")) return true;
    if (equals_ignoring_case(name, "default")) return row.shown == Shown::kAlways;
    return equals_ignoring_case(name, row.name);
  });
}

std::string Info::report(std::span<const std::string_view> names) const {
  std::string text;
  for (const Row& row : rows_) {
    if (!wanted(row, names)) continue;
    if (!text.empty()) text += "\r\n";
    text.append("# ").append(row.title).append("\r\n");
    InfoWriter writer(text);
    row.section(writer);
  }
  return text;
}

}  // namespace tarn
