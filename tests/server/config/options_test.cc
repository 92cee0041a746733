#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"
#include "server/config/option_table.h"
#include "server/config/words.h"

using namespace tarn;

namespace {

// A SET and the reason for which it is refused, or what GET shows then.
struct Case {
  std::string_view name, value, answer;
};

// What CONFIG SET answers, without its usual beginning.
std::string set_one(Config& config, std::string_view name, std::string_view value) {
  const Config::Setting setting{name, value};
  const Result<> result = config.set({&setting, 1});
  if (result) return "OK";
  const std::string& message = result.error().message;
  const std::size_t dash = message.find(" - ");
  return dash == message.npos ? message : message.substr(dash + 3);
}

std::string get_one(const Config& config, std::string_view name) {
  const auto found = config.get({&name, 1});
  return found.size() == 1 ? found[0].second : "(none)";
}

}  // namespace

TEST_CASE("every option has a unique lower-case name and reads back what it prints") {
  std::set<std::string_view> names;
  Options defaults;
  defaults.dir = "/";
  for (const Option& option : option_table()) {
    CAPTURE(option.name);
    CHECK(names.insert(option.name).second);
    CHECK(lower_case(option.name) == option.name);
    CHECK(find_option(option.name) == &option);
    if (!option.alias.empty()) {
      CHECK(names.insert(option.alias).second);
      CHECK(find_option(option.alias) == &option);
    }
    Options copy = defaults;
    if (option.has(kFileOnly)) continue;
    if (option.type.reset) option.type.reset(copy);
    for (const Words& words : option_lines(option, defaults)) {
      CHECK(read_option(option, words, copy));
    }
    CHECK(same_value(option, copy, defaults));
    // No word at all is none for a list, as "" is, and a fault elsewhere.
    const bool takes_none = option.has(kMultiArg) && read_option(option, Words{""}, copy);
    CHECK(read_option(option, {}, copy).ok() == takes_none);
  }
}

TEST_CASE("values that are refused, and the words clients know for it") {
  static constexpr Case kBad[] = {
      {"hz", "abc", "argument couldn't be parsed into an integer"},
      {"hz", "", "argument couldn't be parsed into an integer"},
      {"hz", " 5", "argument couldn't be parsed into an integer"},
      {"hz", "05", "argument couldn't be parsed into an integer"},
      {"hz", "99999999999999999999", "argument couldn't be parsed into an integer"},
      {"hz", "-1", "argument must be between 0 and 2147483647 inclusive"},
      {"port", "70000", "argument must be between 0 and 65535 inclusive"},
      {"maxclients", "4294967296", "argument must be between 1 and 4294967295 inclusive"},
      {"slowlog-log-slower-than", "-2",
       "argument must be between -1 and 9223372036854775807 inclusive"},
      {"active-expire-effort", "11", "argument must be between 1 and 10 inclusive"},
      {"maxmemory", "abc", "argument must be a memory value"},
      {"maxmemory", "-1", "argument must be a memory value"},
      {"maxmemory", "1gbb", "argument must be a memory value"},
      {"maxmemory", "1.5gb", "argument must be a memory value"},
      {"hash-max-listpack-value", "9223372036854775808",
       "argument must be between 0 and 9223372036854775807 inclusive"},
      {"proto-max-bulk-len", "1",
       "argument must be between 1048576 and 9223372036854775807 inclusive"},
      {"maxmemory", "", "argument must be a memory value"},
      {"maxmemory", "17179869184gb", "argument must be a memory value"},
      {"maxmemory-clients", "9223372036854775808", "argument must be a memory or percent value"},
      {"maxmemory-clients", "101%", "percentage argument must be less or equal to 100"},
      {"maxmemory-clients", "-5%", "argument must be a memory or percent value"},
      {"maxmemory-clients", "%", "argument must be a memory or percent value"},
      {"activerehashing", "1", "argument must be 'yes' or 'no'"},
      {"appendfsync", "foo", "argument(s) must be one of the following: everysec, always, no"},
      {"loglevel", "foo",
       "argument(s) must be one of the following: debug, verbose, notice, warning, nothing"},
      {"rdbcompression", "zip", "argument(s) must be one of the following: yes, no, lz4, lzf"},
      {"shutdown-on-sigterm", "save foo",
       "argument(s) must be one of the following: default, save, nosave, now, force"},
      {"shutdown-on-sigterm", "save nosave",
       "shutdown options SAVE and NOSAVE can't be used simultaneously"},
      {"save", "60", "Invalid save parameters"},
      {"save", "60 a", "Invalid save parameters"},
      {"save", "0 1", "Invalid save parameters"},
      {"save", "60 -1", "Invalid save parameters"},
      {"client-output-buffer-limit", "normal 0 0",
       "Wrong number of arguments in buffer limit configuration."},
      {"client-output-buffer-limit", "master 0 0 0",
       "Invalid client class specified in buffer limit configuration."},
      {"client-output-buffer-limit", "normal a 0 0",
       "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
      {"client-output-buffer-limit", "normal 0 0 -1",
       "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
      {"notify-keyspace-events", "foo", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
      {"oom-score-adj-values", "1 2", "wrong number of arguments"},
      {"oom-score-adj-values", "1 2 3000",
       "Invalid oom-score-adj-values, elements must be between -2000 and 2000."},
      {"latency-tracking-info-percentiles", "a",
       "Invalid latency-tracking-info-percentiles parameters"},
      {"latency-tracking-info-percentiles", "50 101",
       "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
      {"bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "Too many bind addresses specified."},
      {"proc-title-template", "{foo}", "template format is invalid or contains unknown variables"},
      {"cluster-announce-hostname", "a b",
       "Hostnames may only contain alphanumeric characters, hyphens or dots"},
      {"locale-collate", "xx_YY", "Invalid locale name"},
      {"databases", "32", "can't set immutable config"},
      {"slaveof", "a 1", "can't set immutable config"},
      {"dir", "/", "can't set protected config"},
      {"user", "x", "'user'"},  // unknown to SET
      {"include", "x", "'include'"},
  };
  Config config;
  const std::string_view all = "*";
  const auto before = config.get({&all, 1});
  for (const Case& bad : kBad) {
    CAPTURE(bad.name);
    CAPTURE(bad.value);
    CHECK(set_one(config, bad.name, bad.value) == bad.answer);
  }
  CHECK(config.get({&all, 1}) == before);
}

TEST_CASE("values are shown in one form however they are written") {
  static constexpr Case kGood[] = {
      {"maxmemory", "1gb", "1073741824"},
      {"maxmemory", "1K", "1000"},
      {"maxmemory", "8589934592gb", "9223372036854775808"},
      {"maxmemory", "18446744073709551615", "18446744073709551615"},
      {"cluster-link-sendbuf-limit", "18446744073709551615", "18446744073709551615"},
      {"maxmemory-clients", "5%", "5%"},
      {"maxmemory-clients", "1mb", "1048576"},
      {"hz", "0", "1"},
      {"hz", "1000", "500"},
      {"repl-backlog-size", "1", "16384"},
      {"appendfsync", "ALWAYS", "always"},
      {"activerehashing", "NO", "no"},
      {"oom-score-adj", "relative", "yes"},
      {"rdbcompression", "lz4", "lz4"},
      {"save", "60 1 60 2", "60 1 60 2"},
      {"save", "5 6", "5 6"},
      {"save", "", ""},
      {"client-output-buffer-limit", "replica 1kb 2 3",
       "normal 0 0 0 slave 1024 2 3 pubsub 33554432 8388608 60"},
      {"client-output-buffer-limit", "PUBSUB 0 0 0 normal 1 1 1",
       "normal 1 1 1 slave 1024 2 3 pubsub 0 0 0"},
      {"notify-keyspace-events", "KExx", "xKE"},
      {"notify-keyspace-events", "g$lshzxetdmKE", "AKEm"},
      {"notify-keyspace-events", "mnEt", "tnEm"},
      {"notify-keyspace-events", "", ""},
      {"shutdown-on-sigterm", "NOW save", "save now"},
      {"shutdown-on-sigterm", "default", "default"},
      {"latency-tracking-info-percentiles", "0.123456789 1e1", "0.123457 10"},
      {"latency-tracking-info-percentiles", "", ""},
      {"oom-score-adj-values", "3 2 -1", "3 2 -1"},
      {"bind", "127.0.0.1 -::1", "127.0.0.1 -::1"},
      {"bind", "", ""},
      {"MaxClients", "5", "5"},
      {"slave-priority", "7", "7"},
  };
  Config config;
  for (const Case& good : kGood) {
    CAPTURE(good.name);
    CAPTURE(good.value);
    CHECK(set_one(config, good.name, good.value) == "OK");
    CHECK(get_one(config, good.name) == good.answer);
  }
  CHECK(get_one(config, "replica-priority") == "7");
  CHECK(config.options().bind.empty());
}
