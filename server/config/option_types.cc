#include "server/config/option_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/memory_units.h"
#include "core/base/numbers.h"
#include "server/config/words.h"

namespace tarn {
namespace {

using Arguments = std::span<const std::string>;

template <class Integer>
Result<> check_range(Integer value, Integer min, Integer max) {
  if (value >= min && value <= max) return {};
  return Error{fmt::format("argument must be between {} and {} inclusive", min, max)};
}

Result<std::int64_t> read_number(const std::string& word, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  if (!parse_int64(word, value)) return Error{"argument couldn't be parsed into an integer"};
  if (Result<> range = check_range(value, min, max); !range) return range.error();
  return value;
}

template <class Integer>
OptionType number_of(Integer Options::*field, std::int64_t min, std::int64_t max) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        Result<std::int64_t> value = read_number(words[0], min, max);
        if (!value) return value.error();
        options.*field = static_cast<Integer>(*value);
        return {};
      },
      .print = [=](const Options& options) { return std::to_string(options.*field); },
  };
}

// The largest unit that says it exactly.
std::string print_memory(std::uint64_t bytes) {
  static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"gb", std::uint64_t{1} << 30}, {"mb", std::uint64_t{1} << 20}, {"kb", 1024}};
  for (const auto& [unit, size] : kUnits) {
    if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit);
  }
  return std::to_string(bytes);
}

std::string print_choices(const Choices& choices) {
  std::string text = "argument(s) must be one of the following: ";
  for (const auto& [name, value] : choices) {
    if (name != choices.front().first) text += ", ";
    text += name;
  }
  return text;
}

const Choices::value_type* find_choice(const Choices& choices, std::string_view word) {
  for (const auto& candidate : choices) {
    if (same_word(candidate.first, word)) return &candidate;
  }
  return nullptr;
}

}  // namespace

OptionType yes_no(bool Options::*field) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        const bool yes = same_word(words[0], "yes");
        if (!yes && !same_word(words[0], "no")) return Error{"argument must be 'yes' or 'no'"};
        options.*field = yes;
        return {};
      },
      .print = [=](const Options& options) { return options.*field ? "yes" : "no"; },
  };
}

OptionType number(int Options::*field, std::int64_t min, std::int64_t max) {
  return number_of(field, min, max);
}
OptionType number(std::uint32_t Options::*field, std::int64_t min, std::int64_t max) {
  return number_of(field, min, max);
}
OptionType number(std::int64_t Options::*field, std::int64_t min, std::int64_t max) {
  return number_of(field, min, max);
}

OptionType clamped_number(int Options::*field, std::int64_t min, std::int64_t max, int low,
                          int high) {
  OptionType type = number_of(field, min, max);
  type.parse = [=, read = type.parse](Arguments words, Options& options) -> Result<> {
    if (Result<> result = read(words, options); !result) return result;
    options.*field = std::clamp(options.*field, low, high);
    return {};
  };
  return type;
}

OptionType octal(unsigned Options::*field, unsigned max) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        const std::string& word = words[0];
        unsigned value = 0;
        const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), value, 8);
        if (fault == std::errc::invalid_argument || end != word.data() + word.size()) {
          return Error{"argument couldn't be parsed as an octal number"};
        }
        if (fault != std::errc{} || value > max) {
          return Error{fmt::format("argument must be between 0 and {:o} inclusive", max)};
        }
        options.*field = value;
        return {};
      },
      .print = [=](const Options& options) { return fmt::format("{:o}", options.*field); },
  };
}

OptionType memory(std::uint64_t Options::*field, std::uint64_t min, std::uint64_t low,
                  std::uint64_t max) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        Result<std::uint64_t> bytes = parse_memory(words[0]);
        if (!bytes) return bytes.error();
        if (Result<> range = check_range(*bytes, min, max); !range) return range;
        options.*field = std::max(*bytes, low);
        return {};
      },
      .print = [=](const Options& options) { return std::to_string(options.*field); },
      .lines = [=](const Options& options) -> std::vector<Words> {
        return {{print_memory(options.*field)}};
      },
  };
}

OptionType memory_share(MemoryShare Options::*field) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        const Error fault{"argument must be a memory or percent value"};
        const std::string_view word = words[0];
        if (!word.ends_with('%')) {
          const Result<std::uint64_t> bytes = parse_memory(word);
          if (!bytes || *bytes > kMaxInt64) return fault;
          options.*field = {.bytes = *bytes, .percent = 0};
          return {};
        }
        std::uint64_t percent = 0;
        if (!parse_uint64(word.substr(0, word.size() - 1), percent)) return fault;
        if (percent > 100) return Error{"percentage argument must be less or equal to 100"};
        options.*field = {.bytes = 0, .percent = static_cast<unsigned>(percent)};
        return {};
      },
      .print =
          [=](const Options& options) {
            const MemoryShare& share = options.*field;
            return share.percent > 0 ? fmt::format("{}%", share.percent)
                                     : std::to_string(share.bytes);
          },
      .lines = [=](const Options& options) -> std::vector<Words> {
        const MemoryShare& share = options.*field;
        return {
            {share.percent > 0 ? fmt::format("{}%", share.percent) : print_memory(share.bytes)}};
      },
  };
}

OptionType text(std::string Options::*field, TextCheck check) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        if (check != nullptr) {
          if (Result<> result = check(words[0]); !result) return result;
        }
        options.*field = words[0];
        return {};
      },
      .print = [=](const Options& options) { return options.*field; },
  };
}

OptionType choice(std::function<int(const Options&)> get, std::function<void(Options&, int)> put,
                  Choices choices) {
  return {
      .parse = [put = std::move(put), choices](Arguments words, Options& options) -> Result<> {
        const auto* chosen = find_choice(choices, words[0]);
        if (chosen == nullptr) return Error{print_choices(choices)};
        put(options, chosen->second);
        return {};
      },
      .print =
          [get = std::move(get), choices = std::move(choices)](const Options& options) {
            const auto chosen =
                std::ranges::find(choices, get(options), &Choices::value_type::second);
            TARN_ASSERT(chosen != choices.end());
            return std::string(chosen->first);
          },
  };
}

OptionType bit_set(unsigned Options::*field, std::string_view none, Choices choices,
                   Result<> (*check)(unsigned)) {
  Choices words_known = choices;
  words_known.insert(words_known.begin(), {none, 0});
  const auto set_names = [field, none, choices = std::move(choices)](const Options& options) {
    Words names;
    for (const auto& [name, bit] : choices) {
      if ((options.*field & static_cast<unsigned>(bit)) != 0) names.emplace_back(name);
    }
    if (names.empty()) names.emplace_back(none);
    return names;
  };
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        unsigned bits = 0;
        for (const std::string& word : words) {
          const auto* chosen = find_choice(words_known, word);
          if (chosen == nullptr) return Error{print_choices(words_known)};
          bits |= static_cast<unsigned>(chosen->second);
        }
        if (Result<> result = check(bits); !result) return result;
        options.*field = bits;
        return {};
      },
      .print =
          [=](const Options& options) {
            return fmt::format("{}", fmt::join(set_names(options), " "));
          },
      .lines = [=](const Options& options) -> std::vector<Words> { return {set_names(options)}; },
  };
}

OptionType directives(std::vector<Words> Options::*field, std::size_t min_words,
                      std::size_t max_words) {
  return {
      .parse = [=](Arguments words, Options& options) -> Result<> {
        if (words.size() < min_words || words.size() > max_words) {
          return Error{"wrong number of arguments"};
        }
        (options.*field).emplace_back(words.begin(), words.end());
        return {};
      },
      .print = [](const Options&) { return std::string{}; },
      .lines = [=](const Options& options) { return options.*field; },
      .reset = [=](Options& options) { (options.*field).clear(); },
  };
}

OptionType ignored() {
  return {
      .parse = [](Arguments, Options&) -> Result<> { return {}; },
      .print = [](const Options&) { return std::string{}; },
  };
}

}  // namespace tarn
