#include "server/app/memcached_start.h"

#include <fmt/core.h>
#include <getopt.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/memory_units.h"
#include "core/base/numbers.h"
#include "tarn_version.h"

namespace tarn {
namespace {

constexpr std::string_view kHelp =
    "Usage: tarn-memcached [options of memcached] [-- options of tarn-server]\n"
    "\n"
    "  -p, --port=<num>           TCP port (default: 11211)\n"
    "  -l, --listen=<addr>,...    addresses to listen on (default: all)\n"
    "  -s, --unix-socket=<file>   listen on a unix socket, and on no TCP port\n"
    "  -a, --unix-mask=<mask>     its access mask, in octal (default: 700)\n"
    "  -U, --udp-port=<num>       0 only: there is no UDP\n"
    "  -m, --memory-limit=<num>   megabytes, of all memory in use (default: 64; 0: no limit)\n"
    "  -M, --disable-evictions    an error where memory runs out, instead of evicting\n"
    "  -I, --max-item-size=<num>  bytes, or with k or m (default: 1m, at most 512m)\n"
    "  -c, --conn-limit=<num>     connections at a time (default: 1024)\n"
    "  -b, --listen-backlog=<num> connections that wait to be accepted (default: 1024)\n"
    "  -t, --threads=<num>        taken, but one thread runs all commands\n"
    "  -S, --enable-sasl          clients must authenticate; needs a password\n"
    "  -Y, --auth-file=<file>     the password, as a line default:PASSWORD\n"
    "  -u, --user=<user>          who to become, if started as root\n"
    "  -d, --daemon               run in the background\n"
    "  -P, --pidfile=<file>       write the process id there\n"
    "  -v, -vv, -vvv              log more\n"
    "  -k, --lock-memory          keep all memory from being swapped out\n"
    "  -r, --enable-coredumps     lift the limit of core files\n"
    "  -o, --extended=<list>      idle_timeout=<seconds>; options that tune memcached's insides\n"
    "                             are taken and mean nothing here\n"
    "  -h, --help   -V, --version   -i, --license\n"
    "\n"
    "Nothing is written to disk and no other port is open, unless options behind -- ask for it:\n"
    "  tarn-memcached -m 256 -- --appendonly yes --dir /var/lib/tarn --port 6379\n"
    "docs/memcached.md says more, also on the options of memcached that are not here.\n";

constexpr std::string_view kLicense =
    "Tarn is free software under the BSD license of three clauses; see the file LICENSE.\n";

// The largest that a string can be.
constexpr std::uint64_t kMaxItemMegabytes = 512;
constexpr std::uint64_t kMinItemBytes = 1024;
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

constexpr const char* kShortOptions =
    "+:p:U:s:a:Al:dru:m:Mc:kvhiVP:f:n:LD:t:R:Cb:B:I:SFXWY:e:Zo:N:";
constexpr option kLongOptions[] = {
    {"port", required_argument, nullptr, 'p'},
    {"udp-port", required_argument, nullptr, 'U'},
    {"unix-socket", required_argument, nullptr, 's'},
    {"unix-mask", required_argument, nullptr, 'a'},
    {"enable-shutdown", no_argument, nullptr, 'A'},
    {"listen", required_argument, nullptr, 'l'},
    {"daemon", no_argument, nullptr, 'd'},
    {"enable-coredumps", no_argument, nullptr, 'r'},
    {"user", required_argument, nullptr, 'u'},
    {"memory-limit", required_argument, nullptr, 'm'},
    {"disable-evictions", no_argument, nullptr, 'M'},
    {"conn-limit", required_argument, nullptr, 'c'},
    {"lock-memory", no_argument, nullptr, 'k'},
    {"verbose", no_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, 'h'},
    {"license", no_argument, nullptr, 'i'},
    {"version", no_argument, nullptr, 'V'},
    {"pidfile", required_argument, nullptr, 'P'},
    {"slab-growth-factor", required_argument, nullptr, 'f'},
    {"slab-min-size", required_argument, nullptr, 'n'},
    {"enable-largepages", no_argument, nullptr, 'L'},
    {"threads", required_argument, nullptr, 't'},
    {"max-reqs-per-event", required_argument, nullptr, 'R'},
    {"disable-cas", no_argument, nullptr, 'C'},
    {"listen-backlog", required_argument, nullptr, 'b'},
    {"protocol", required_argument, nullptr, 'B'},
    {"max-item-size", required_argument, nullptr, 'I'},
    {"enable-sasl", no_argument, nullptr, 'S'},
    {"disable-flush-all", no_argument, nullptr, 'F'},
    {"disable-dumping", no_argument, nullptr, 'X'},
    {"disable-watch", no_argument, nullptr, 'W'},
    {"auth-file", required_argument, nullptr, 'Y'},
    {"memory-file", required_argument, nullptr, 'e'},
    {"enable-ssl", no_argument, nullptr, 'Z'},
    {"extended", required_argument, nullptr, 'o'},
    {"napi_ids", required_argument, nullptr, 'N'},
    {nullptr, 0, nullptr, 0},
};

// Suboptions of -o that tune what is built in another way here.
constexpr std::string_view kTuning[] = {
    "hashpower",
    "tail_repair_time",
    "hash_algorithm",
    "lru_crawler",
    "no_lru_crawler",
    "lru_crawler_sleep",
    "lru_crawler_tocrawl",
    "read_buf_mem_limit",
    "resp_obj_mem_limit",
    "lru_maintainer",
    "no_lru_maintainer",
    "hot_lru_pct",
    "warm_lru_pct",
    "hot_max_factor",
    "warm_max_factor",
    "temporary_ttl",
    "slab_chunk_max",
    "slab_reassign",
    "no_slab_reassign",
    "slab_automove",
    "slab_automove_ratio",
    "slab_automove_window",
    "slab_automove_freeratio",
    "watcher_logbuf_size",
    "worker_logbuf_size",
    "no_hashexpand",
    "modern",
    "no_modern",
    "inline_ascii_resp",
    "no_inline_ascii_resp",
    "no_chunked_items",
    "no_drop_privileges",
    "sock_cookie_id",
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class Translation {
 public:
  Result<MemcachedStart> run(std::span<const std::string> arguments);

 private:
  struct Address {
    std::string host;
    std::optional<std::uint64_t> port;
  };

  Result<> take(char letter, std::string_view value);
  Result<> take_addresses(std::string_view list);
  Result<> take_item_size(std::string_view text);
  Result<> take_password(const std::string& path);
  Result<> take_extended(std::string_view list);
  Result<std::uint64_t> common_port();
  Result<> finish();

  Result<> number(char letter, std::string_view text, std::uint64_t least, std::uint64_t most,
                  std::uint64_t& value) {
    if (parse_uint64(text, value) && value >= least && value <= most) return {};
    return Error{fmt::format("-{}: '{}' is no number from {} to {}", letter, text, least, most)};
  }
  void set(std::string_view name, std::string value) {
    start_.arguments.push_back(fmt::format("--{}", name));
    start_.arguments.push_back(std::move(value));
  }
  void note(char letter, std::string_view why) {
    start_.notes.push_back(fmt::format("-{}: {}", letter, why));
  }

  MemcachedStart start_;
  std::vector<Address> addresses_;  // -l
  std::uint64_t port_ = 11211;      // -p
  std::string socket_;
  std::string socket_mask_ = "700";
  std::uint64_t memory_megabytes_ = 64;
  bool evicts_ = true;
  std::uint64_t item_bytes_ = kMebibyte;
  std::uint64_t clients_ = 1024;
  std::uint64_t backlog_ = 1024;
  std::string pid_file_;
  std::string password_;
  std::uint64_t idle_seconds_ = 0;
  int verbosity_ = 0;
};

// Each address may have a port; see common_port.
Result<> Translation::take_addresses(std::string_view list) {
  for (std::string_view address : split(list, ',')) {
    if (address.starts_with("notls:")) address.remove_prefix(6);
    std::string_view host = address;
    std::string_view port;
    if (address.starts_with('[')) {
      const std::size_t end = address.find(']');
      if (end == address.npos) return Error{fmt::format("-l: no ']' in '{}'", address)};
      host = address.substr(1, end - 1);
      port = address.substr(end + 1);
      if (!port.empty() && port[0] != ':') {
        return Error{fmt::format("-l: only a port may follow ']' in '{}'", address)};
      }
    } else if (std::count(address.begin(), address.end(), ':') == 1) {
      host = address.substr(0, address.find(':'));
      port = address.substr(host.size());
    }
    if (host.empty()) return Error{fmt::format("-l: no address in '{}'", list)};
    Address& added = addresses_.emplace_back(Address{std::string(host), std::nullopt});
    if (port.empty()) continue;
    const auto read = number('l', port.substr(1), 1, 65535, added.port.emplace());
    if (!read) return read;
  }
  return {};
}

Result<> Translation::take_item_size(std::string_view text) {
  std::uint64_t unit = 1;
  std::string_view digits = text;
  if (text.ends_with('k') || text.ends_with('K')) unit = 1024;
  if (text.ends_with('m') || text.ends_with('M')) unit = kMebibyte;
  if (unit != 1) digits.remove_suffix(1);
  std::uint64_t amount = 0;
  const bool fits = parse_uint64(digits, amount) && amount <= kMaxItemMegabytes * kMebibyte / unit;
  if (!fits || amount * unit < kMinItemBytes) {
    return Error{fmt::format("-I: '{}' is no size from 1k to {}m", text, kMaxItemMegabytes)};
  }
  item_bytes_ = amount * unit;
  return {};
}

// memcached's format is a line user:password for each user. There is one user here.
Result<> Translation::take_password(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{fmt::format("-Y: cannot read {}", path)};
  constexpr std::string_view kUser = "default:";
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    if (!line.starts_with(kUser) || line.size() == kUser.size() || !password_.empty()) {
      return Error{
          fmt::format("-Y: {} may hold one line only, default:PASSWORD, since there is one "
                      "user, whose name is default",
                      path)};
    }
    password_ = line.substr(kUser.size());
  }
  if (password_.empty()) return Error{fmt::format("-Y: no line default:PASSWORD in {}", path)};
  return {};
}

Result<> Translation::take_extended(std::string_view list) {
  for (const std::string_view suboption : split(list, ',')) {
    if (suboption.empty()) continue;
    const std::string_view name = suboption.substr(0, suboption.find('='));
    const std::string_view value =
        name.size() == suboption.size() ? std::string_view() : suboption.substr(name.size() + 1);
    if (name == "idle_timeout") {
      if (const auto read = number('o', value, 0, INT32_MAX, idle_seconds_); !read) return read;
    } else if (name == "maxconns_fast") {
      // As it is here: who is one too many is told so and closed.
    } else if (name == "no_maxconns_fast") {
      note('o', "no_maxconns_fast: a connection over the limit is closed at once all the same");
    } else if (name == "drop_privileges") {
      note('o', "drop_privileges: no system calls are given up; -u and what starts the server may");
    } else if (name == "track_sizes") {
      note('o', "track_sizes: there is no 'stats sizes'");
    } else if (name.starts_with("ext_")) {
      return Error{fmt::format("-o {}: there is no external storage; items stay in memory", name)};
    } else if (name.starts_with("ssl_")) {
      return Error{fmt::format("-o {}: there is no TLS", name)};
    } else if (std::find(std::begin(kTuning), std::end(kTuning), name) != std::end(kTuning)) {
      note('o', fmt::format("{}: tunes memcached's insides, and means nothing here", name));
    } else {
      return Error{fmt::format("-o: no such option: {}", name)};
    }
  }
  return {};
}

Result<> Translation::take(char letter, std::string_view value) {
  std::uint64_t ignored = 0;
  switch (letter) {
    case 'p': return number('p', value, 0, 65535, port_);
    case 'l': return take_addresses(value);
    case 's': socket_ = value; return {};
    case 'a':
      if (value.empty() || value.size() > 4 || value.find_first_not_of("01234567") != value.npos) {
        return Error{fmt::format("-a: '{}' is no access mask in octal", value)};
      }
      socket_mask_ = value;
      return {};
    case 'U':
      if (const auto read = number('U', value, 0, 65535, ignored); !read) return read;
      if (ignored != 0) return Error{"-U: there is no UDP; only 0 is possible"};
      return {};
    case 'm': return number('m', value, 0, UINT64_MAX / kMebibyte, memory_megabytes_);
    case 'M': evicts_ = false; return {};
    case 'I': return take_item_size(value);
    case 'c': return number('c', value, 1, UINT32_MAX, clients_);
    case 'b': return number('b', value, 1, INT32_MAX, backlog_);
    case 't':
      if (const auto read = number('t', value, 1, UINT32_MAX, ignored); !read) return read;
      if (ignored > 1) note('t', "one thread runs all commands");
      return {};
    case 'S': start_.needs_password = true; return {};
    case 'Y': return take_password(std::string(value));
    case 'u': start_.user = value; return {};
    case 'd': start_.daemonize = true; return {};
    case 'P': pid_file_ = value; return {};
    case 'v': ++verbosity_; return {};
    case 'k': start_.locks_memory = true; return {};
    case 'r': start_.maximizes_core = true; return {};
    case 'o': return take_extended(value);
    case 'h': start_.answer = kHelp; return {};
    case 'i': start_.answer = kLicense; return {};
    case 'V':
      start_.answer =
          fmt::format("tarn-memcached {}, for clients of memcached 1.6\n", TARN_VERSION);
      return {};
    case 'C':
      note('C', "the CAS of items stays; it takes no memory before somebody asks for it");
      return {};
    case 'f':
    case 'n':
    case 'L':
    case 'R':
    case 'N': note(letter, "tunes memcached's insides, and means nothing here"); return {};
    case 'X':
    case 'W': return {};  // There are no such commands in the first place.
    case 'B':
      if (value == "auto") return {};
      return Error{"-B: the text and the binary protocol are spoken always; only auto is possible"};
    case 'A': return Error{"-A: there is no shutdown command; end the server by SIGTERM"};
    case 'F': return Error{"-F: flush_all cannot be disabled"};
    case 'D': return Error{"-D: there are no statistics by prefix"};
    case 'Z': return Error{"-Z: there is no TLS"};
    case 'e':
      return Error{
          "-e: items are not kept in a file of memory; to have them back after a restart, "
          "end the command line with -- --appendonly yes --dir DIRECTORY"};
    default: return Error{fmt::format("-{}: no such option; -h lists them", letter)};
  }
}

// An address without a port has that of -p. All have to be the same, since one option holds it.
Result<std::uint64_t> Translation::common_port() {
  if (addresses_.empty()) return port_;
  const std::uint64_t port = addresses_.front().port.value_or(port_);
  for (const Address& address : addresses_) {
    const std::uint64_t other = address.port.value_or(port_);
    if (other == port) continue;
    return Error{
        fmt::format("-l: all addresses have to have the same port, not {} and {}", port, other)};
  }
  return port;
}

Result<> Translation::finish() {
  const auto port = common_port();
  if (!port) return port.error();
  if (memory_megabytes_ != 0 && item_bytes_ > memory_megabytes_ * kMebibyte / 2) {
    return Error{"-I: an item may take half of the memory of -m at most"};
  }
  // memcached is open to whom it listens to, and serves nothing but its own protocol.
  set("port", "0");
  set("protected-mode", "no");
  set("save", "");
  set("memcached-port", socket_.empty() ? std::to_string(*port) : "0");
  if (!addresses_.empty()) start_.arguments.emplace_back("--memcached-bind");
  for (const Address& address : addresses_) start_.arguments.push_back(address.host);
  if (!socket_.empty()) {
    set("memcached-unixsocket", socket_);
    set("memcached-unixsocketperm", socket_mask_);
  }
  set("maxmemory", std::to_string(memory_megabytes_ * kMebibyte));
  set("maxmemory-policy", evicts_ ? "allkeys-lru" : "noeviction");
  set("memcached-max-item-size", std::to_string(item_bytes_));
  set("maxclients", std::to_string(clients_));
  set("tcp-backlog", std::to_string(backlog_));
  set("timeout", std::to_string(idle_seconds_));
  constexpr const char* kLevels[] = {"warning", "notice", "verbose", "debug"};
  set("loglevel", kLevels[std::min(verbosity_, 3)]);
  if (!pid_file_.empty()) set("pidfile", pid_file_);
  if (!password_.empty()) set("requirepass", password_);
  return {};
}

// getopt_long reads the words as it does for memcached: joined letters, values in the same word or
// the next, long names cut short.
Result<MemcachedStart> Translation::run(std::span<const std::string> arguments) {
  const auto split_at = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words{"tarn-memcached"};
  words.insert(words.end(), arguments.begin(), split_at);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int argc = static_cast<int>(words.size());

  optind = 0;  // makes glibc begin anew
  opterr = 0;
  while (true) {
    const int at = std::max(optind, 1);
    const int letter = ::getopt_long(argc, argv.data(), kShortOptions, kLongOptions, nullptr);
    if (letter == -1) break;
    const std::string& word = words[static_cast<std::size_t>(at)];
    if (letter == ':') return Error{fmt::format("{}: a value is missing", word)};
    if (letter == '?') return Error{fmt::format("{}: no such option; -h lists them", word)};
    const std::string_view value = optarg == nullptr ? std::string_view() : optarg;
    if (const auto taken = take(static_cast<char>(letter), value); !taken) return taken.error();
    if (!start_.answer.empty()) return std::move(start_);
  }
  if (optind < argc) {
    return Error{fmt::format("{}: not an option; those of tarn-server come behind --",
                             words[static_cast<std::size_t>(optind)])};
  }
  if (const auto finished = finish(); !finished) return finished.error();

  if (split_at != arguments.end()) {
    auto rest = arguments.subspan(static_cast<std::size_t>(split_at - arguments.begin()) + 1);
    // A configuration file, or the dash for standard input, comes first in a command line of ours.
    if (!rest.empty() && !rest[0].starts_with("--")) {
      start_.arguments.insert(start_.arguments.begin(), rest[0]);
      rest = rest.subspan(1);
    }
    start_.arguments.insert(start_.arguments.end(), rest.begin(), rest.end());
  }
  return std::move(start_);
}

}  // namespace

Result<MemcachedStart> translate_memcached_options(std::span<const std::string> arguments) {
  return Translation().run(arguments);
}

}  // namespace tarn
