#include "bench/load/options.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

namespace tarn::load {
namespace {

constexpr const char* kUsage = R"(usage: tarn-load [options] [-- COMMAND ARG...]

  --host H --port P          where the server listens (127.0.0.1:6379)
  --protocol resp|memcached  memcached takes one argument, the whole request, text or binary, with
                             \r, \n and \xNN for bytes
  --clients N --pipeline N   connections, and requests a batch (50, 1)
  --requests N --seconds S   stop after so many requests or so long, whichever is first
  --keyspace N --first N     range of random keys; where the sequence begins
  --seed N                   of the random keys
  --probe-hz N               also send a PING every 1/N s on a connection of its own
  --trace zipf|scan|shift    run a cache trace (GET, and SET after a miss) instead of COMMAND
  --value-bytes N            value size of the trace (100)

In COMMAND: __rand__ and __perm__ and __seq__ are 12 digits (or __rand:6__ for 6): uniform in the
key space, a permutation of it, and counting up; __num:LO:HI__ is a number of that range (LO and HI
of equal length); __value:N__ is N bytes of text. Without COMMAND only the prober runs, until
SIGTERM or --seconds. The result is one line of JSON on stdout, after a line "ready".
)";

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

template <typename Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die("not a number: " + std::string(text));
  }
  return value;
}

Protocol protocol_named(std::string_view name) {
  if (name == "resp") return Protocol::kResp;
  if (name == "memcached") return Protocol::kMemcached;
  usage();
}

void set_option(Options& options, std::string_view name, std::string_view value) {
  if (name == "--host") {
    options.host = value;
  } else if (name == "--port") {
    options.port = number<uint16_t>(value);
  } else if (name == "--protocol") {
    options.protocol = protocol_named(value);
  } else if (name == "--clients") {
    options.clients = number<uint32_t>(value);
  } else if (name == "--pipeline") {
    options.pipeline = number<uint32_t>(value);
  } else if (name == "--requests") {
    options.requests = number<uint64_t>(value);
  } else if (name == "--seconds") {
    options.seconds = number<double>(value);
  } else if (name == "--keyspace") {
    options.keyspace = number<uint64_t>(value);
  } else if (name == "--first") {
    options.first = number<uint64_t>(value);
  } else if (name == "--seed") {
    options.seed = number<uint64_t>(value);
  } else if (name == "--probe-hz") {
    options.probe_hz = number<uint32_t>(value);
  } else if (name == "--trace") {
    options.trace = value;
  } else if (name == "--value-bytes") {
    options.value_bytes = number<uint32_t>(value);
  } else {
    usage();
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  int i = 1;
  for (; i < argc && std::strcmp(argv[i], "--") != 0; i += 2) {
    if (i + 1 == argc) usage();
    set_option(options, argv[i], argv[i + 1]);
  }
  for (++i; i < argc; ++i) options.command.emplace_back(argv[i]);

  const bool floods = !options.command.empty();
  const bool endless = options.requests == 0 && options.seconds <= 0;
  if (options.pipeline == 0 || options.keyspace == 0) usage();
  if (floods && (options.clients == 0 || endless)) usage();
  if (!floods && options.trace.empty() && options.probe_hz == 0) usage();
  return options;
}

void die(const std::string& message, bool with_errno) {
  const std::string reason = with_errno ? ": " + std::generic_category().message(errno) : "";
  std::fprintf(stderr, "tarn-load: %s%s\n", message.c_str(), reason.c_str());
  std::exit(1);
}

}  // namespace tarn::load
