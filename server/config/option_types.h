#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "server/config/options.h"

namespace tarn {

// How the values of one option are read and printed. A type is made for one field of Options; the
// functions below make them for the usual kinds of fields, special_types.h for those of their own
// kind.
struct OptionType {
  // Reads the words after the option's name into the field, unless it fails.
  std::function<Result<>(std::span<const std::string>, Options&)> parse;

  // The value as CONFIG GET shows it.
  std::function<std::string(const Options&)> print;

  // The value as the configuration file has it: a list of directives, each the words after the
  // name. Empty: one directive with what `print` returns as its only word.
  std::function<std::vector<Words>(const Options&)> lines = {};

  // For options whose directives add up: empties the field. A file's first directive of the option
  // replaces the default, the others add; a SET replaces all.
  std::function<void(Options&)> reset = {};
};

inline constexpr std::int64_t kMinInt = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t kMaxUint = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
inline constexpr std::uint64_t kMaxUint64 = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::int64_t kMebibyte = 1 << 20;
inline constexpr std::size_t kAnyWords = std::numeric_limits<std::size_t>::max();

OptionType yes_no(bool Options::*field);

// A decimal number from min to max.
OptionType number(int Options::*field, std::int64_t min, std::int64_t max);
OptionType number(std::uint32_t Options::*field, std::int64_t min, std::int64_t max);
OptionType number(std::int64_t Options::*field, std::int64_t min, std::int64_t max);

// A decimal number from min to max, moved into [low, high].
OptionType clamped_number(int Options::*field, std::int64_t min, std::int64_t max, int low,
                          int high);

// File permissions.
OptionType octal(unsigned Options::*field, unsigned max);

// An amount of bytes from min to max, with an optional unit; less than `low` becomes `low`.
OptionType memory(std::uint64_t Options::*field, std::uint64_t min = 0, std::uint64_t low = 0,
                  std::uint64_t max = kMaxInt64);

// An amount of bytes, or a percentage from 0% to 100%.
OptionType memory_share(MemoryShare Options::*field);

// Any text for which `check` (if any) has no objection.
using TextCheck = Result<> (*)(std::string_view);
OptionType text(std::string Options::*field, TextCheck check = nullptr);

// One of some words. Several words may stand for one value; the first of them is printed.
using Choices = std::vector<std::pair<std::string_view, int>>;
OptionType choice(std::function<int(const Options&)> get, std::function<void(Options&, int)> put,
                  Choices choices);

template <class Enum>
OptionType choice(Enum Options::*field,
                  std::initializer_list<std::pair<std::string_view, Enum>> names) {
  Choices choices;
  for (const auto& [name, value] : names) choices.emplace_back(name, static_cast<int>(value));
  return choice([field](const Options& options) { return static_cast<int>(options.*field); },
                [field](Options& options, int value) { options.*field = static_cast<Enum>(value); },
                std::move(choices));
}

// A set of bits, each with its word; no bits have the word `none`. REQUIRES: kMultiArg
OptionType bit_set(unsigned Options::*field, std::string_view none, Choices choices,
                   Result<> (*check)(unsigned));

// Directives that add up, each of min to max words.
OptionType directives(std::vector<Words> Options::*field, std::size_t min_words,
                      std::size_t max_words);

// Takes any words and keeps nothing: for options of old that no longer mean anything.
OptionType ignored();

}  // namespace tarn
