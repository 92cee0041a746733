#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/option_types.h"

namespace tarn {

// To add an option: a field with its default in options.h, and a row in the option_rows_*.cc of its
// topic. It is then read from files and the command line, shown, changed and rewritten.

// What may be done with an option; a set of these bits.
enum OptionFlags : unsigned {
  kPlain = 0,
  kNoEffect = 1U << 0,     // accepted, but its feature is not there yet
  kImmutable = 1U << 1,    // can be set at start only
  kProtected = 1U << 2,    // SET only as far as `enable-protected-configs` permits
  kDenyLoading = 1U << 3,  // no SET while the dataset is being loaded
  kSensitive = 1U << 4,    // the value stays out of logs
  kHidden = 1U << 5,       // GET shows it for its exact name only
  kMultiArg = 1U << 6,     // takes several words, also as one quoted word; none are one of ""
  kFileOnly = 1U << 7,     // a directive of the file that GET and SET do not know
};

struct Option {
  std::string_view name;
  OptionType type;
  unsigned flags = kPlain;      // OptionFlags
  std::string_view alias = {};  // an older name

  bool has(OptionFlags flag) const { return (flags & flag) != 0; }
};

// All rows, by topic.
std::span<const Option> option_table();

// The option of this name or alias, in any letter case, or nullptr.
const Option* find_option(std::string_view name);

// Reads one directive's words, the name left out, into its field of `options`, which is unchanged
// on failure.
Result<> read_option(const Option& option, std::span<const std::string> words, Options& options);

// What the configuration file says for the option's value: directives, each the words after the
// name.
std::vector<Words> option_lines(const Option& option, const Options& options);

// Whether both hold the same value of `option`.
bool same_value(const Option& option, const Options& left, const Options& right);

}  // namespace tarn
