#include "server/config/special_types.h"

#include <fmt/format.h>
#include <locale.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/base/memory_units.h"
#include "core/base/numbers.h"
#include "server/config/words.h"

namespace tarn {
namespace {

using Arguments = std::span<const std::string>;

constexpr std::size_t kMaxBindAddresses = 16;

// A type whose directives are lists of words, shown one after the other.
OptionType word_lists(std::function<Result<>(Arguments, Options&)> parse,
                      const std::function<std::vector<Words>(const Options&)>& lines) {
  return {
      .parse = std::move(parse),
      .print =
          [lines](const Options& options) {
            Words all;
            for (const Words& words : lines(options)) {
              all.insert(all.end(), words.begin(), words.end());
            }
            return fmt::format("{}", fmt::join(all, " "));
          },
      .lines = lines,
  };
}

// How a list that was emptied is written: `name ""`.
bool is_empty_list(Arguments words) { return words.size() == 1 && words[0].empty(); }
std::vector<Words> empty_list() { return {{""}}; }

// ---- client-output-buffer-limit ----

constexpr std::string_view kClientClassNames[kClientClasses] = {"normal", "slave", "pubsub"};

std::optional<ClientClass> find_client_class(std::string_view name) {
  if (same_word(name, "replica")) return kReplicaClients;
  for (std::size_t i = 0; i < kClientClasses; ++i) {
    if (same_word(name, kClientClassNames[i])) return static_cast<ClientClass>(i);
  }
  return std::nullopt;
}

Result<OutputBufferLimit> read_limit(Arguments words) {
  Result<std::uint64_t> hard = parse_memory(words[0]);
  Result<std::uint64_t> soft = parse_memory(words[1]);
  std::int64_t seconds = 0;
  if (!hard || !soft || !parse_int64(words[2], seconds) || seconds < 0) {
    return Error{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
  }
  return OutputBufferLimit{*hard, *soft, seconds};
}

Result<> read_limits(Arguments words, Options& options) {
  if (is_empty_list(words)) return {};
  if (words.size() % 4 != 0) {
    return Error{"Wrong number of arguments in buffer limit configuration."};
  }
  auto limits = options.client_output_buffer_limits;
  for (; !words.empty(); words = words.subspan(4)) {
    const std::optional<ClientClass> client_class = find_client_class(words[0]);
    if (!client_class) {
      return Error{"Invalid client class specified in buffer limit configuration."};
    }
    Result<OutputBufferLimit> limit = read_limit(words.subspan(1, 3));
    if (!limit) return limit.error();
    limits[*client_class] = *limit;
  }
  options.client_output_buffer_limits = limits;
  return {};
}

// ---- notify-keyspace-events ----

// In the order in which the flags are shown.
constexpr std::pair<char, std::uint32_t> kNotifyLetters[] = {
    {'g', kNotifyGeneric},  {'$', kNotifyString},    {'l', kNotifyList},    {'s', kNotifySet},
    {'h', kNotifyHash},     {'z', kNotifySortedSet}, {'x', kNotifyExpired}, {'e', kNotifyEvicted},
    {'t', kNotifyStream},   {'d', kNotifyModule},    {'n', kNotifyNewKey},  {'K', kNotifyKeyspace},
    {'E', kNotifyKeyevent}, {'m', kNotifyKeyMiss},
};

std::uint32_t notify_bits(char letter) {
  if (letter == 'A') return kNotifyAll;
  for (const auto& [known, bits] : kNotifyLetters) {
    if (known == letter) return bits;
  }
  return 0;
}

std::string print_notify_flags(std::uint32_t flags) {
  std::string text;
  if ((flags & kNotifyAll) == kNotifyAll) {
    text = "A";
    flags &= ~std::uint32_t{kNotifyAll};
  }
  for (const auto& [letter, bits] : kNotifyLetters) {
    if ((flags & bits) != 0) text += letter;
  }
  return text;
}

// ---- dir ----

// A relative path starts at the directory so far, as if the server moved from one to the other.
Result<std::string> resolve_directory(const std::string& current, const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code fault;
  const fs::path path = fs::canonical(fs::path(current) / name, fault);
  if (name.empty()) fault = std::make_error_code(std::errc::no_such_file_or_directory);
  if (!fault && !fs::is_directory(path, fault) && !fault) {
    fault = std::make_error_code(std::errc::not_a_directory);
  }
  if (fault) return Error{fault.message()};
  return path.string();
}

// ---- latency-tracking-info-percentiles ----

std::string print_percentile(double value) {
  std::string text = fmt::format("{:f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// ---- texts ----

Result<> check_file_name(std::string_view option, std::string_view name, std::string_view kind) {
  if (name.find_first_of("/\\") == name.npos) return {};
  return Error{fmt::format("{} can't be a path, just a {}", option, kind)};
}

Result<> check_not_empty(std::string_view option, std::string_view name) {
  if (!name.empty()) return {};
  return Error{fmt::format("{} can't be empty", option)};
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

OptionType bind_addresses(std::vector<std::string> Options::*field) {
  return word_lists(
      [field](Arguments words, Options& options) -> Result<> {
        if (words.size() > kMaxBindAddresses) return Error{"Too many bind addresses specified."};
        if (is_empty_list(words)) words = {};
        (options.*field).assign(words.begin(), words.end());
        return {};
      },
      [field](const Options& options) -> std::vector<Words> {
        if ((options.*field).empty()) return empty_list();
        return {options.*field};
      });
}

OptionType save_points() {
  OptionType type = word_lists(
      [](Arguments words, Options& options) -> Result<> {
        if (is_empty_list(words)) {
          options.save_points.clear();
          return {};
        }
        std::vector<SavePoint> points = options.save_points;
        if (words.size() % 2 != 0) return Error{"Invalid save parameters"};
        for (; !words.empty(); words = words.subspan(2)) {
          SavePoint point;
          if (!parse_int64(words[0], point.seconds) || !parse_int64(words[1], point.changes) ||
              point.seconds < 1 || point.seconds > kMaxInt || point.changes < 0 ||
              point.changes > kMaxInt) {
            return Error{"Invalid save parameters"};
          }
          points.push_back(point);
        }
        options.save_points = std::move(points);
        return {};
      },
      [](const Options& options) {
        if (options.save_points.empty()) return empty_list();
        std::vector<Words> lines;
        for (const auto& [seconds, changes] : options.save_points) {
          lines.push_back({std::to_string(seconds), std::to_string(changes)});
        }
        return lines;
      });
  type.reset = [](Options& options) { options.save_points.clear(); };
  return type;
}

OptionType output_buffer_limits() {
  return word_lists(read_limits, [](const Options& options) {
    std::vector<Words> lines;
    for (std::size_t i = 0; i < kClientClasses; ++i) {
      const OutputBufferLimit& limit = options.client_output_buffer_limits[i];
      lines.push_back({std::string(kClientClassNames[i]), std::to_string(limit.hard_bytes),
                       std::to_string(limit.soft_bytes), std::to_string(limit.soft_seconds)});
    }
    return lines;
  });
}

OptionType notify_flags() {
  return {
      .parse = [](Arguments words, Options& options) -> Result<> {
        std::uint32_t flags = 0;
        for (char letter : words[0]) {
          const std::uint32_t bits = notify_bits(letter);
          if (bits == 0) {
            return Error{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
          }
          flags |= bits;
        }
        options.notify_keyspace_events = flags;
        return {};
      },
      .print =
          [](const Options& options) { return print_notify_flags(options.notify_keyspace_events); },
  };
}

OptionType oom_score_values() {
  return word_lists(
      [](Arguments words, Options& options) -> Result<> {
        std::array<int, 3> values{};
        if (words.size() != values.size()) return Error{"wrong number of arguments"};
        for (std::size_t i = 0; i < values.size(); ++i) {
          std::int64_t value = 0;
          if (!parse_int64(words[i], value) || value < -2000 || value > 2000) {
            return Error{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
          }
          values[i] = static_cast<int>(value);
        }
        options.oom_score_adj_values = values;
        return {};
      },
      [](const Options& options) -> std::vector<Words> {
        Words words;
        for (int value : options.oom_score_adj_values) words.push_back(std::to_string(value));
        return {words};
      });
}

OptionType percentiles() {
  return word_lists(
      [](Arguments words, Options& options) -> Result<> {
        std::vector<double> values;
        if (is_empty_list(words)) words = {};
        for (const std::string& word : words) {
          double value = 0;
          if (!parse_double(word, value)) {
            return Error{"Invalid latency-tracking-info-percentiles parameters"};
          }
          if (value < 0 || value > 100) {
            return Error{
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
          }
          values.push_back(value);
        }
        options.latency_tracking_info_percentiles = std::move(values);
        return {};
      },
      [](const Options& options) -> std::vector<Words> {
        if (options.latency_tracking_info_percentiles.empty()) return empty_list();
        Words words;
        for (double value : options.latency_tracking_info_percentiles) {
          words.push_back(print_percentile(value));
        }
        return {words};
      });
}

OptionType master_address() {
  return word_lists(
      [](Arguments words, Options& options) -> Result<> {
        if (words.size() != 2) return Error{"wrong number of arguments"};
        if (same_word(words[0], "no") && same_word(words[1], "one")) {
          options.replicaof = {};
          return {};
        }
        std::int64_t port = 0;
        if (!parse_int64(words[1], port) || port < 0 || port > 65535) {
          return Error{"Invalid master port"};
        }
        options.replicaof = {words[0], static_cast<int>(port)};
        return {};
      },
      [](const Options& options) -> std::vector<Words> {
        if (options.replicaof.host.empty()) return {};
        return {{options.replicaof.host, std::to_string(options.replicaof.port)}};
      });
}

OptionType working_directory() {
  return {
      .parse = [](Arguments words, Options& options) -> Result<> {
        Result<std::string> path = resolve_directory(options.dir, words[0]);
        if (!path) return path.error();
        options.dir = *path;
        return {};
      },
      .print = [](const Options& options) { return options.dir; },
  };
}

OptionType shutdown_behavior(unsigned Options::*field) {
  return bit_set(field, "default",
                 {{"save", kShutdownSave},
                  {"nosave", kShutdownNoSave},
                  {"now", kShutdownNow},
                  {"force", kShutdownForce}},
                 [](unsigned bits) -> Result<> {
                   if ((bits & kShutdownSave) == 0 || (bits & kShutdownNoSave) == 0) return {};
                   return Error{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
                 });
}

Result<> check_dump_name(std::string_view name) {
  return check_file_name("dbfilename", name, "filename");
}

Result<> check_aof_name(std::string_view name) {
  if (Result<> result = check_not_empty("appendfilename", name); !result) return result;
  return check_file_name("appendfilename", name, "filename");
}

Result<> check_aof_directory(std::string_view name) {
  if (Result<> result = check_not_empty("appenddirname", name); !result) return result;
  return check_file_name("appenddirname", name, "dirname");
}

Result<> check_hostname(std::string_view name) {
  if (name.size() >= 256) return Error{"Hostnames must be less than 256 characters"};
  for (char c : name) {
    if (!is_alphanumeric(c) && c != '-' && c != '.') {
      return Error{"Hostnames may only contain alphanumeric characters, hyphens or dots"};
    }
  }
  return {};
}

Result<> check_locale(std::string_view name) {
  if (name.empty()) return {};  // that of the environment, which is nobody's typing error
  const locale_t locale =
      ::newlocale(LC_COLLATE_MASK, std::string(name).c_str(), static_cast<locale_t>(nullptr));
  if (locale == nullptr) return Error{"Invalid locale name"};
  ::freelocale(locale);
  return {};
}

Result<> check_nodename(std::string_view name) {
  for (char c : name) {
    if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_') {
      return Error{
          "Announced human node name contained invalid character: use letters, digits, '-', '.', "
          "'_'"};
    }
  }
  return {};
}

Result<> check_title_template(std::string_view text) {
  static constexpr std::string_view kVariables[] = {
      "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"};
  const Error fault{"template format is invalid or contains unknown variables"};
  if (text.empty()) return fault;
  for (std::size_t at = text.find('{'); at != text.npos; at = text.find('{', at)) {
    const std::size_t end = text.find('}', at);
    if (end == text.npos) return fault;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (std::ranges::find(kVariables, name) == std::end(kVariables)) return fault;
    at = end;
  }
  return {};
}

}  // namespace tarn
