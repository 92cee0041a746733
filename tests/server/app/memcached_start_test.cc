#include "server/app/memcached_start.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/app/data_files.h"
#include "server/config/config.h"
#include "tests/support/temporary_directory.h"

using namespace tarn;

namespace {

using Words = std::vector<std::string>;

MemcachedStart start(const Words& arguments) {
  const auto translated = translate_memcached_options(arguments);
  REQUIRE_MESSAGE(translated, (translated ? std::string() : translated.error().message));
  return *translated;
}

// The configuration that a server has with these options of memcached.
struct Started {
  explicit Started(const Words& arguments) {
    const auto loaded = config.load(start(arguments).arguments);
    REQUIRE_MESSAGE(loaded, (loaded ? std::string() : loaded.error().message));
  }
  const Options* operator->() const { return &config.options(); }

  Config config;
};

std::string error(const Words& arguments) {
  const auto translated = translate_memcached_options(arguments);
  return translated ? "none" : translated.error().message;
}

bool refuses(const Words& arguments, std::string_view part) {
  return error(arguments).find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without options, the server is what memcached is") {
  const Started server({});
  CHECK(server->memcached_port == 11211);
  CHECK(server->memcached_bind == Words{"*", "-::*"});
  CHECK(server->memcached_unixsocket.empty());
  CHECK(server->maxmemory == 64 << 20);
  CHECK(server->maxmemory_policy == EvictionPolicy::kAllKeysLru);
  CHECK(server->memcached_max_item_size == 1 << 20);
  CHECK(server->maxclients == 1024);
  CHECK(server->tcp_backlog == 1024);
  CHECK(server->timeout_s == 0);
  CHECK(server->loglevel == LogLevel::kWarning);
  CHECK(server->requirepass.empty());
  CHECK_FALSE(server->protected_mode);
  // It speaks no RESP, and leaves the disk alone.
  CHECK(server->port == 0);
  CHECK_FALSE(server->appendonly);
  CHECK(server->save_points.empty());
  CHECK(needs_no_files(server.config.options()));
  CHECK(start({}).notes.empty());
}

TEST_CASE("-p is the port, and -l the addresses with a port or without") {
  for (const Words& words :
       {Words{"-p", "7000"}, {"-p7000"}, {"--port", "7000"}, {"--port=7000"}}) {
    CHECK(Started(words)->memcached_port == 7000);
  }
  CHECK(Started({"-l", "127.0.0.1"})->memcached_bind == Words{"127.0.0.1"});
  CHECK(Started({"--listen=127.0.0.1,10.0.0.1"})->memcached_bind == Words{"127.0.0.1", "10.0.0.1"});
  CHECK(Started({"-l", "127.0.0.1", "-l", "::1"})->memcached_bind == Words{"127.0.0.1", "::1"});
  CHECK(Started({"-l", "notls:127.0.0.1"})->memcached_bind == Words{"127.0.0.1"});

  const Started ported({"-l", "127.0.0.1:7000,[::1]:7000,notls:[fe80::1]:7000"});
  CHECK(ported->memcached_bind == Words{"127.0.0.1", "::1", "fe80::1"});
  CHECK(ported->memcached_port == 7000);
  CHECK(Started({"-p", "7000", "-l", "[::1],localhost:7000"})->memcached_port == 7000);
  CHECK(Started({"-p", "7001", "-l", "localhost:7000"})->memcached_port == 7000);

  CHECK(refuses({"-l", "127.0.0.1:7000,127.0.0.1:7001"}, "the same port"));
  CHECK(refuses({"-l", "127.0.0.1:7000,127.0.0.2", "-p", "7001"}, "the same port"));
  CHECK(refuses({"-l", "127.0.0.1:7000,127.0.0.2"}, "the same port, not 7000 and 11211"));
  CHECK(refuses({"-l", ""}, "no address"));
  CHECK(refuses({"-l", "a,,b"}, "no address"));
  CHECK(refuses({"-l", ":7000"}, "no address"));
  CHECK(refuses({"-l", "[::1"}, "no ']'"));
  CHECK(refuses({"-l", "[::1]7000"}, "only a port"));
  CHECK(refuses({"-l", "a:"}, "no number"));
  CHECK(refuses({"-p", "65536"}, "no number"));
  CHECK(refuses({"-p", "-1"}, "no number"));
}

TEST_CASE("a unix socket takes the place of the port") {
  const Started server({"-s", "/run/cache.sock"});
  CHECK(server->memcached_unixsocket == "/run/cache.sock");
  CHECK(server->memcached_unixsocketperm == 0700);
  CHECK(server->memcached_port == 0);
  CHECK(Started({"--unix-socket=s", "--unix-mask=0777"})->memcached_unixsocketperm == 0777);
  CHECK(Started({"-s", "s", "-a", "600"})->memcached_unixsocketperm == 0600);
  CHECK(refuses({"-a", "800"}, "octal"));
  CHECK(refuses({"-a", ""}, "octal"));
}

TEST_CASE("-m limits the memory, and -M makes the limit an error") {
  CHECK(Started({"-m", "256"})->maxmemory == 256ULL << 20);
  CHECK(Started({"--memory-limit=0"})->maxmemory == 0);
  CHECK(Started({"-M"})->maxmemory_policy == EvictionPolicy::kNoEviction);
  CHECK(Started({"--disable-evictions"})->maxmemory_policy == EvictionPolicy::kNoEviction);
  CHECK(refuses({"-m", "64m"}, "no number"));
  CHECK(refuses({"-m", "99999999999999999999"}, "no number"));
}

TEST_CASE("-I is the size of an item") {
  CHECK(Started({"-I", "2048"})->memcached_max_item_size == 2048);
  CHECK(Started({"-I", "512k"})->memcached_max_item_size == 512 << 10);
  CHECK(Started({"--max-item-size=2M"})->memcached_max_item_size == 2 << 20);
  CHECK(Started({"-m", "1024", "-I", "512m"})->memcached_max_item_size == 512U << 20);
  CHECK(Started({"-m", "0", "-I", "512m"})->memcached_max_item_size == 512U << 20);
  for (const char* wrong : {"513m", "1024m", "1023", "0", "", "m", "1g", "18446744073709551615k"}) {
    CAPTURE(wrong);
    CHECK(refuses({"-m", "0", "-I", wrong}, "no size"));
  }
  CHECK(refuses({"-I", "33m"}, "half of the memory"));
}

TEST_CASE("connections") {
  CHECK(Started({"-c", "50"})->maxclients == 50);
  CHECK(Started({"--conn-limit=50"})->maxclients == 50);
  CHECK(Started({"-b", "10"})->tcp_backlog == 10);
  CHECK(Started({"--listen-backlog=10"})->tcp_backlog == 10);
  CHECK(Started({"-o", "idle_timeout=30,maxconns_fast"})->timeout_s == 30);
  CHECK(refuses({"-c", "0"}, "no number"));
  CHECK(refuses({"-b", "x"}, "no number"));
  CHECK(refuses({"-o", "idle_timeout"}, "no number"));
}

TEST_CASE("the process") {
  CHECK(Started({"-P", "/run/cache.pid"})->pidfile == "/run/cache.pid");
  CHECK(Started({"--pidfile=p"})->pidfile == "p");
  CHECK(start({"-u", "nobody"}).user == "nobody");
  CHECK(start({"--user=nobody"}).user == "nobody");
  CHECK_FALSE(start({}).daemonize);
  CHECK(start({"-d"}).daemonize);
  CHECK(start({"--daemon"}).daemonize);
  CHECK(start({"-k"}).locks_memory);
  CHECK(start({"--lock-memory"}).locks_memory);
  CHECK(start({"-r"}).maximizes_core);
  CHECK(start({"--enable-coredumps"}).maximizes_core);
  CHECK(Started({"-v"})->loglevel == LogLevel::kNotice);
  CHECK(Started({"-vv"})->loglevel == LogLevel::kVerbose);
  CHECK(Started({"-v", "-v", "--verbose"})->loglevel == LogLevel::kDebug);
  CHECK(Started({"-vvvv"})->loglevel == LogLevel::kDebug);
}

TEST_CASE("-S wants a password, and -Y names a file with one") {
  CHECK(start({"-S"}).needs_password);
  CHECK(start({"--enable-sasl"}).needs_password);
  const TemporaryDirectory directory;
  const auto password_of = [&](const std::string& content) {
    return directory.write("users", content);
  };
  CHECK(Started({"-Y", password_of("default:a secret:word\n")})->requirepass == "a secret:word");
  CHECK(Started({"-S", "-Y", password_of("default:s\r\n\n")})->requirepass == "s");
  CHECK(refuses({"-Y", password_of("other:secret\n")}, "one user"));
  CHECK(refuses({"-Y", password_of("default:a\ndefault:b\n")}, "one user"));
  CHECK(refuses({"-Y", password_of("default:\n")}, "one user"));
  CHECK(refuses({"-Y", password_of("\n")}, "no line default:PASSWORD"));
  CHECK(refuses({"--auth-file=" + directory.path() + "/nothing"}, "cannot read"));
}

TEST_CASE("what cannot be is an error where somebody would rely on it") {
  CHECK(start({"-U", "0"}).notes.empty());
  CHECK(refuses({"-U", "11211"}, "no UDP"));
  CHECK(refuses({"--udp-port=11211"}, "no UDP"));
  CHECK(refuses({"-A"}, "-A: there is no shutdown command"));
  CHECK(refuses({"-F"}, "-F: flush_all"));
  CHECK(refuses({"-D", ":"}, "-D: "));
  CHECK(refuses({"-Z"}, "no TLS"));
  CHECK(refuses({"-e", "/dev/shm/items"}, "--appendonly yes"));
  CHECK(refuses({"-B", "binary"}, "-B: "));
  CHECK(refuses({"-o", "ext_path=/tmp/x:1G"}, "no external storage"));
  CHECK(refuses({"-o", "ssl_key=k"}, "no TLS"));
  CHECK(refuses({"-o", "nonsense=1"}, "-o: no such option: nonsense"));
}

TEST_CASE("what changes nothing that clients see is taken, and said") {
  CHECK(start({"-t", "1", "-B", "auto", "-X", "-W"}).notes.empty());
  CHECK(start({"--disable-dumping", "--disable-watch", "--protocol=auto"}).notes.empty());
  CHECK(start({"-t", "4"}).notes == Words{"-t: one thread runs all commands"});
  CHECK(refuses({"-t", "0"}, "no number"));
  for (const Words& words : {Words{"-f", "1.25"},
                             {"-n", "48"},
                             {"-L"},
                             {"-R", "20"},
                             {"-N", "4"},
                             {"-C"},
                             {"-o", "hashpower=20"},
                             {"-o", "no_maxconns_fast"},
                             {"-o", "drop_privileges"},
                             {"-o", "sock_cookie_id=1"},
                             {"-o", "track_sizes"},
                             {"-o", "modern"}}) {
    CAPTURE(words[0]);
    CHECK(start(words).notes.size() == 1);
  }
  CHECK(start({"-o", "slab_reassign,lru_crawler,hash_algorithm=murmur3"}).notes.size() == 3);
}

TEST_CASE("help, version and license are answers") {
  CHECK(start({"-h"}).answer.find("--memory-limit") != std::string::npos);
  CHECK(start({"--help"}).answer == start({"-h"}).answer);
  CHECK(start({"-V"}).answer.starts_with("tarn-memcached "));
  CHECK(start({"--version"}).answer == start({"-V"}).answer);
  CHECK(start({"-i"}).answer.find("BSD") != std::string::npos);
  CHECK(start({"-p", "1"}).answer.empty());
}

TEST_CASE("words are read as memcached reads them") {
  const Started server({"-vdm", "128", "-Mp7000", "--conn", "9"});
  CHECK(server->maxmemory == 128 << 20);
  CHECK(server->maxmemory_policy == EvictionPolicy::kNoEviction);
  CHECK(server->memcached_port == 7000);
  CHECK(server->maxclients == 9);
  CHECK(refuses({"-m"}, "-m: a value is missing"));
  CHECK(refuses({"-q"}, "-q: no such option"));
  CHECK(refuses({"--nonsense"}, "--nonsense: no such option"));
  CHECK(refuses({"stray"}, "stray: not an option"));
  CHECK(refuses({"-v", "stray", "-d"}, "stray: not an option"));
}

TEST_CASE("options of ours follow behind two dashes and count more") {
  const Started server({"-m", "128", "--", "--maxmemory", "1gb", "--port", "6379"});
  CHECK(server->maxmemory == 1ULL << 30);
  CHECK(server->port == 6379);
  CHECK_FALSE(needs_no_files(server.config.options()));
  CHECK_FALSE(needs_no_files(Started({"--", "--appendonly", "yes"}).config.options()));
  CHECK_FALSE(needs_no_files(Started({"--", "--save", "60", "1"}).config.options()));
  CHECK_FALSE(needs_no_files(Started({"--", "--unixsocket", "s"}).config.options()));
  CHECK(needs_no_files(Started({"--"}).config.options()));
  // A value that looks like options stays a value.
  CHECK(Started({"-s", "--port"})->memcached_unixsocket == "--port");

  const TemporaryDirectory directory;
  const std::string path = directory.write("tarn.conf", "requirepass secret\nmaxclients 7\n");
  const Started configured({"-c", "50", "--", path, "--hz", "20"});
  CHECK(configured->requirepass == "secret");
  CHECK(configured->maxclients == 50);
  CHECK(configured->hz == 20);
}
