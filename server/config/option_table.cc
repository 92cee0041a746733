#include "server/config/option_table.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "server/config/option_rows.h"
#include "server/config/words.h"

namespace tarn {
namespace {

std::vector<Option> collect_rows() {
  std::vector<Option> all;
  for (std::vector<Option> (*rows)() : {server_rows, data_rows, persistence_rows, peer_rows}) {
    std::ranges::move(rows(), std::back_inserter(all));
  }
  return all;
}

using NameIndex = std::unordered_map<std::string, const Option*>;

NameIndex index_names() {
  NameIndex index;
  for (const Option& option : option_table()) {
    for (std::string_view name : {option.name, option.alias}) {
      const bool is_new = name.empty() || index.emplace(name, &option).second;
      TARN_ASSERT(is_new);
    }
  }
  return index;
}

// `save "3600 1 300 100"` means the same as `save 3600 1 300 100`.
Words split_at_spaces(std::string_view text) {
  Words words;
  for (std::size_t end = 0; end != text.npos;) {
    end = text.find(' ');
    words.emplace_back(text.substr(0, end));
    if (end != text.npos) text.remove_prefix(end + 1);
  }
  return words;
}

}  // namespace

std::span<const Option> option_table() {
  static const std::vector<Option> kTable = collect_rows();
  return kTable;
}

const Option* find_option(std::string_view name) {
  static const NameIndex kIndex = index_names();
  const auto found = kIndex.find(lower_case(name));
  return found == kIndex.end() ? nullptr : found->second;
}

Result<> read_option(const Option& option, std::span<const std::string> words, Options& options) {
  const Error wrong_number{"wrong number of arguments"};
  if (words.empty() && !option.has(kMultiArg)) return wrong_number;
  if (option.has(kMultiArg) && words.size() <= 1) {
    return option.type.parse(split_at_spaces(words.empty() ? "" : words[0]), options);
  }
  if (!option.has(kMultiArg) && !option.has(kFileOnly) && words.size() != 1) return wrong_number;
  return option.type.parse(words, options);
}

std::vector<Words> option_lines(const Option& option, const Options& options) {
  if (option.type.lines) return option.type.lines(options);
  return {{option.type.print(options)}};
}

bool same_value(const Option& option, const Options& left, const Options& right) {
  return option_lines(option, left) == option_lines(option, right);
}

}  // namespace tarn
