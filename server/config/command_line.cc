#include "server/config/command_line.h"

#include <utility>

#include "core/base/quoting.h"
#include "server/config/words.h"

namespace tarn {
namespace {

using Arguments = std::span<const std::string>;

bool is_option(const std::string& argument) { return argument.starts_with("--"); }

// Adds to the option's words the values that follow it, and takes them off `arguments`.
void take_values(Words& words, Arguments& arguments) {
  const bool is_bare = words.size() == 1;
  const bool is_last = arguments.empty() || is_option(arguments[0]);
  if (is_bare && is_last && words[0] == "save") {
    words.emplace_back();
    return;
  }
  for (bool is_value = is_bare; !arguments.empty(); is_value = false) {
    if (!is_value && is_option(arguments[0])) return;
    words.push_back(arguments[0]);
    arguments = arguments.subspan(1);
  }
}

Result<Directive> take_option(Arguments& arguments, std::size_t number) {
  const std::string& argument = arguments[0];
  arguments = arguments.subspan(1);
  const std::string text = is_option(argument) ? argument.substr(2) : argument;

  Directive option{{}, argument, std::string(kCommandLine), number};
  auto words = split_quoted(text);
  if (!words) return directive_error(option, "Unbalanced quotes");
  if (words->empty()) words->push_back(text);
  option.words = std::move(*words);
  option.words[0] = lower_case(option.words[0]);
  take_values(option.words, arguments);
  option.text = (is_option(argument) ? "--" : "") + join_words(option.words);
  return option;
}

}  // namespace

Result<CommandLine> parse_command_line(Arguments arguments) {
  CommandLine result;
  const auto take_stdin = [&](bool is_there) {
    result.reads_stdin |= is_there;
    return is_there ? 1U : 0U;
  };
  if (!arguments.empty() && !arguments[0].starts_with('-')) {
    result.config_file = arguments[0];
    arguments = arguments.subspan(1);
  } else if (!arguments.empty()) {
    arguments = arguments.subspan(take_stdin(arguments.front() == "-"));
  }
  if (!arguments.empty()) {
    arguments = arguments.first(arguments.size() - take_stdin(arguments.back() == "-"));
  }

  for (std::size_t number = 1; !arguments.empty(); ++number) {
    Result<Directive> option = take_option(arguments, number);
    if (!option) return option.error();
    result.options.push_back(std::move(*option));
  }
  return result;
}

}  // namespace tarn
