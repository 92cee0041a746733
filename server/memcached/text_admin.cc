// Commands of the text protocol that are not about the value of an item.

#include <algorithm>

#include "server/engine/authentication.h"
#include "server/memcached/families.h"
#include "server/memcached/flush.h"
#include "server/memcached/text_support.h"
#include "server/protocol/memcached_numbers.h"

namespace tarn {
namespace {

using namespace memcached;

constexpr std::string_view kBadDelete =
    "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]";

std::string_view first_word(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find(' '));
}

// What follows a part of a text.
std::string_view behind(std::string_view text, std::string_view part) {
  return text.substr(static_cast<std::size_t>(part.data() + part.size() - text.data()));
}

bool is_noreply(std::string_view word) { return word == "noreply"; }

// Old clients send a time that has to be 0.
void remove(Call& call) {
  if (too_many_words(call, 4)) return;
  const auto rest = call.args.subspan(2);
  const bool fits = rest.empty() || (rest.size() == 1 && (rest[0] == "0" || is_noreply(rest[0]))) ||
                    (rest.size() == 2 && rest[0] == "0" && is_noreply(rest[1]));
  if (!fits) return call.reply.error_line(kBadDelete);
  if (!key_fits(call, 1)) return call.reply.error_line(lines::kBadFormat);
  const ItemOutcome outcome = delete_item(call, call.key(1));
  count_change(outcome, stats_of(call).delete_hits, stats_of(call).delete_misses);
  if (reply_failure(call, outcome)) return;
  reply_line(call, outcome == ItemOutcome::kDone ? "DELETED" : "NOT_FOUND");
}

void flush_all(Call& call) {
  if (too_many_words(call, 3)) return;
  std::int64_t delay = 0;
  if (call.args.size() > 1 && !is_noreply(call.args[1]) &&
      !parse_memcached_signed(call.args[1], delay)) {
    return call.reply.error_line(lines::kBadExptime);
  }
  flush_items(call, delay);
  reply_line(call, "OK");
}

void version(Call& call) { reply_line(call, "VERSION " + std::string(kVersion)); }

// A level above the highest counts as that.
void verbosity(Call& call) {
  if (too_many_words(call, 3)) return;
  std::uint64_t level = 0;
  if (!parse_memcached_unsigned(call.args[1], level)) {
    return call.reply.error_line(lines::kBadFormat);
  }
  const auto highest = kVerbosityLevels.size() - 1;
  const Config::Setting setting("loglevel", kVerbosityLevels[std::min(level, highest)]);
  const auto changed = services(call).config.set(std::span(&setting, 1));
  if (!changed) return call.reply.error(changed.error().message);
  reply_line(call, "OK");
}

void quit(Call& call) { end_connection(call); }

// The data is a user's name and password, two words; whatever else there is, memcached ignores. A
// password that has spaces, which memcached's cannot have, is all that follows the name and a
// space.
void authenticate_client(Call& call) {
  ++stats_of(call).auth_cmds;
  const std::string_view credentials = call.args.back();
  const std::string_view user = first_word(credentials);
  const std::string_view rest = behind(credentials, user);
  const std::string_view word = first_word(rest);
  if (word.empty()) {
    ++stats_of(call).auth_errors;
    return call.reply.error_line("CLIENT_ERROR bad authentication token format");
  }
  const bool has_spaces = options(call).requirepass.find(' ') != std::string::npos;
  const std::string_view password = has_spaces ? rest.substr(1) : word;
  if (services(call).logins.authenticate(call.session, user, password)) {
    return reply_line(call, "STORED");
  }
  ++stats_of(call).auth_errors;
  call.reply.error_line("CLIENT_ERROR authentication failure");
}

constexpr std::uint32_t kAlways = kLoading | kStale | kFast;

constexpr CommandRow kRows[] = {
    {.name = "delete",
     .handler = remove,
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kStringCategory,
     .keys = {key_at(1, kRM | kDelete)}},
    {.name = "flush_all",
     .handler = flush_all,
     .arity = -1,
     .flags = kWrite,
     .categories = kKeyspaceCategory | kDangerousCategory},
    {.name = "version",
     .handler = version,
     .arity = -1,
     .flags = kAlways,
     .categories = kConnectionCategory},
    {.name = "verbosity",
     .handler = verbosity,
     .arity = -2,
     .flags = kAlways,
     .categories = kConnectionCategory},
    {.name = "quit",
     .handler = quit,
     .arity = -1,
     .flags = kAlways,
     .categories = kConnectionCategory},
    {.name = kAuthenticateCommand,
     .handler = authenticate_client,
     .arity = -6,
     .flags = kAlways | kNoAuth | kSkipMonitor | kSkipSlowlog,
     .categories = kConnectionCategory},
};

}  // namespace

std::span<const CommandRow> memcached_admin_commands() { return kRows; }

}  // namespace tarn
