// The text of configuration files, whatever it holds: reading never fails but with an error, and a
// rewritten text reads back as the options that it was rewritten for. The input is two texts with a
// NUL between them: the file, and the options in force. Touches no file: "dir" looks at the disk
// and is left out, "include" stays as it stands.

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/command_line.h"
#include "server/config/config_file.h"
#include "server/config/option_table.h"

namespace tarn {
namespace {

// Reads what can be read and passes over the rest.
Options read_options(std::span<const Directive> directives) {
  Options options;
  std::set<const Option*> seen;
  for (const Directive& directive : directives) {
    const Option* option = find_option(directive.words[0]);
    if (option == nullptr || option->name == "dir") continue;
    Options attempt = options;
    if (option->type.reset && !seen.contains(option)) option->type.reset(attempt);
    if (!read_option(*option, std::span(directive.words).subspan(1), attempt)) continue;
    seen.insert(option);
    options = attempt;
  }
  return options;
}

void check_rewrite(std::string_view text, const Options& in_file, const Options& in_force) {
  std::vector<Rewrite> rewrites;
  for (const Option& option : option_table()) {
    if (option.has(kFileOnly) || same_value(option, in_file, in_force)) continue;
    rewrites.push_back({option.name, option.alias, option_lines(option, in_force)});
  }
  const std::string rewritten = rewrite_config(text, rewrites);
  const Result<std::vector<Directive>> directives = parse_config(rewritten, "rewritten");
  TARN_ASSERT(directives.ok());
  const Options read_back = read_options(*directives);
  for (const Option& option : option_table()) {
    if (!option.has(kFileOnly)) TARN_ASSERT(same_value(option, read_back, in_force));
  }
  TARN_ASSERT(rewrite_config(rewritten, {}) == rewritten);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_command_line(lines_of(input)));

  const std::size_t end = input.find('\0');
  const std::string_view text = input.substr(0, end);
  const auto in_file = parse_config(text, "file");
  const auto in_force = parse_config(end == input.npos ? "" : input.substr(end + 1), "set");
  if (in_file && in_force) check_rewrite(text, read_options(*in_file), read_options(*in_force));
  return 0;
}
