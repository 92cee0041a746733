#include "server/config/config.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config_file.h"
#include "server/config/option_table.h"
#include "tests/support/temporary_directory.h"

using namespace tarn;

namespace {

using Strings = std::vector<std::string>;

std::map<std::string, std::string> get(const Config& config,
                                       std::vector<std::string_view> patterns) {
  const auto found = config.get(patterns);
  std::map<std::string, std::string> result(found.begin(), found.end());
  CHECK(result.size() == found.size());
  return result;
}

std::string set(Config& config, std::vector<Config::Setting> settings, Config::Caller caller = {}) {
  const Result<> result = config.set(settings, caller);
  return result ? "OK" : result.error().message;
}

std::string load(Config& config, const Strings& arguments, const std::string& input = "") {
  std::istringstream stream(input);
  const Result<> result = config.load(arguments, stream);
  return result ? "OK" : result.error().message;
}

}  // namespace

TEST_CASE("get takes globs and names in any case, shows aliases, repeats nothing") {
  const Config config;
  CHECK(get(config, {"maxmemory"}) == std::map<std::string, std::string>{{"maxmemory", "0"}});
  CHECK(get(config, {"MAXmemory"}).contains("MAXmemory"));
  CHECK(get(config, {"max*ory", "maxmemory", "MAXMEMORY"}).size() == 1);
  const auto ping = get(config, {"repl-ping-*-period"});
  CHECK(ping.size() == 2);
  CHECK(ping.contains("repl-ping-replica-period"));
  CHECK(ping.contains("repl-ping-slave-period"));
  CHECK(get(config, {"nosuch", "user", "include"}).empty());
}

TEST_CASE("hidden options answer to their exact name only") {
  const Config config;
  CHECK(get(config, {"watchdog*"}).empty());
  CHECK(get(config, {"watchdog-period"}).size() == 1);
  CHECK_FALSE(get(config, {"*"}).contains("watchdog-period"));
}

TEST_CASE("set is all or nothing") {
  Config config;
  CHECK(set(config, {{"timeout", "5"}, {"tcp-keepalive", "7"}}) == "OK");
  CHECK(config.options().timeout_s == 5);
  CHECK(config.options().tcp_keepalive_s == 7);

  CHECK(set(config, {{"timeout", "6"}, {"loglevel", "loud"}}) ==
        "CONFIG SET failed (possibly related to argument 'loglevel') - argument(s) must be one of "
        "the following: debug, verbose, notice, warning, nothing");
  CHECK(set(config, {{"timeout", "6"}, {"Timeout", "8"}}) ==
        "CONFIG SET failed (possibly related to argument 'Timeout') - duplicate parameter");
  CHECK(set(config, {{"timeout", "6"}, {"nosuch", "1"}}) ==
        "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  CHECK(set(config, {{"databases", "2"}, {"nosuch", "1"}}) ==
        "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable "
        "config");
  CHECK(config.options().timeout_s == 5);
}

TEST_CASE("of an option that is set under both its names, the last counts") {
  Config config;
  CHECK(set(config, {{"repl-ping-replica-period", "6"}, {"repl-ping-slave-period", "8"}}) == "OK");
  CHECK(get(config, {"repl-ping-replica-period"}).at("repl-ping-replica-period") == "8");
}

TEST_CASE("hooks run once a set, for changes only, and see both states") {
  Config config;
  int calls = 0;
  config.on_change({"timeout", "tcp-keepalive"},
                   [&](const Options& before, const Options& after) -> Result<> {
                     ++calls;
                     CHECK(before.timeout_s == 0);
                     CHECK(after.timeout_s == 5);
                     CHECK(config.options().timeout_s == 5);
                     return {};
                   });
  CHECK(set(config, {{"timeout", "5"}, {"tcp-keepalive", "7"}, {"hz", "20"}}) == "OK");
  CHECK(calls == 1);
  CHECK(set(config, {{"timeout", "5"}, {"hz", "30"}}) == "OK");
  CHECK(calls == 1);
}

TEST_CASE("a hook that fails takes everything back") {
  Config config;
  Strings calls;
  const auto note = [&](const std::string& name, const Options& before, const Options& after) {
    calls.push_back(name + " " + std::to_string(before.port) + ">" + std::to_string(after.port));
  };
  config.on_change("timeout", [&](const Options& before, const Options& after) -> Result<> {
    note("timeout", before, after);
    return {};
  });
  config.on_change("port", [&](const Options& before, const Options& after) -> Result<> {
    note("port", before, after);
    if (after.port == 1) return Error{"Unable to listen on this port"};
    return {};
  });
  config.on_change("hz", [&](const Options&, const Options&) -> Result<> {
    calls.push_back("hz");
    return {};
  });
  CHECK(set(config, {{"hz", "50"}, {"PORT", "1"}, {"timeout", "9"}}) ==
        "CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port");
  CHECK(calls == Strings{"timeout 6379>1", "port 6379>1", "port 1>6379", "timeout 1>6379"});
  CHECK(config.options().port == 6379);
  CHECK(config.options().hz == 10);
  CHECK(config.options().timeout_s == 0);
}

TEST_CASE("protected options and those that must not change during a load") {
  TemporaryDirectory directory;
  Config closed;
  CHECK(
      set(closed, {{"dbfilename", "x"}}, {.local = true}).ends_with("can't set protected config"));
  Config local;
  CHECK(load(local, {"--enable-protected-configs", "local"}) == "OK");
  CHECK(set(local, {{"dbfilename", "x"}}).ends_with("can't set protected config"));
  CHECK(set(local, {{"dbfilename", "x"}}, {.local = true}) == "OK");
  Config open;
  CHECK(load(open, {"--enable-protected-configs", "yes"}) == "OK");
  CHECK(set(open, {{"dir", directory.path()}}) == "OK");
  CHECK(open.options().dir == std::filesystem::canonical(directory.path()));
  CHECK(set(open, {{"dir", "nosuch"}}).ends_with("- No such file or directory"));
  CHECK(set(open, {{"dir", "."}}, {.local = true, .loading = true}) != "OK");
  CHECK(set(open, {{"appendonly", "yes"}}, {.local = true, .loading = true}) != "OK");
}

TEST_CASE("file, standard input and command line, the last word counting") {
  TemporaryDirectory directory;
  const std::string file =
      directory.write("tarn.conf", "port 1\ntimeout 1\nhz 11\nsave 1 1\nsave 2 2\n");
  Config config;
  CHECK(load(config, {file, "--hz", "13", "-"}, "timeout 2\nhz 12\n") == "OK");
  CHECK(config.config_file() == file);
  CHECK(config.options().port == 1);
  CHECK(config.options().timeout_s == 2);
  CHECK(config.options().hz == 13);
  CHECK(config.options().save_points == std::vector<SavePoint>{{1, 1}, {2, 2}});

  Config only_input;
  CHECK(load(only_input, {"-", "--save"}, "port 7\n") == "OK");
  CHECK(only_input.options().port == 7);
  CHECK(only_input.options().save_points.empty());
  CHECK(only_input.config_file().empty());
}

TEST_CASE("faults at start name the place, the line and the reason") {
  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf", "# comment\n\n  port   abc \n");
  const auto fault = [](const Strings& arguments, const std::string& input = "") {
    Config config;
    const std::string message = load(config, arguments, input);
    const std::string header = "*** FATAL CONFIG FILE ERROR ***\n";
    CHECK(message.starts_with(header));
    return message.substr(std::min(header.size(), message.size()));
  };
  CHECK(fault({file}) == file +
                             ", line 3: argument couldn't be parsed into an integer\n"
                             ">>> 'port   abc'");
  CHECK(fault({"-"}, "\nfoo bar") ==
        "standard input, line 2: Bad directive or wrong number of arguments\n>>> 'foo bar'");
  CHECK(fault({"--hz", "1", "--port"}) ==
        "command line, option 2: wrong number of arguments\n>>> '--port'");
  CHECK(fault({"--dbfilename", "a/b"}) ==
        "command line, option 1: dbfilename can't be a path, just a filename\n"
        ">>> '--dbfilename a/b'");
  CHECK(fault({"--appenddirname", "a\\b"}) ==
        "command line, option 1: appenddirname can't be a path, just a dirname\n"
        ">>> '--appenddirname \"a\\\\b\"'");
  CHECK(fault({"--requirepass", "secret", "word"}) ==
        "command line, option 1: wrong number of arguments\n>>> 'requirepass (value not shown)'");
  CHECK(fault({directory.path() + "/nosuch.conf"}) ==
        "can't read '" + directory.path() + "/nosuch.conf': No such file or directory");
}

TEST_CASE("what only a feature finds wrong is told with its place, too") {
  TemporaryDirectory directory;
  const std::string included = directory.write("more.conf", "\nrename-command \"set\" put\n");
  Config config;
  CHECK(load(config, {"-", "--rename-command", "Del", ""},
             "rename-command GET fetch\nuser bob >secret\ninclude " + included + "\n") == "OK");
  const auto fault = [&](std::string_view name, std::size_t index) {
    return config.fault_of(name, index, "Not so").message;
  };
  CHECK(fault("rename-command", 0) ==
        "standard input, line 1: Not so\n>>> 'rename-command GET fetch'");
  CHECK(fault("rename-command", 1) ==
        included + ", line 2: Not so\n>>> 'rename-command \"set\" put'");
  CHECK(fault("rename-command", 2) ==
        "command line, option 1: Not so\n>>> '--rename-command Del \"\"'");
  CHECK(fault("user", 0) == "standard input, line 2: Not so\n>>> 'user (value not shown)'");
}

TEST_CASE("directives that only files know, and names of old") {
  Config config;
  CHECK(load(config, {"-"},
             "user alice on >secret ~*\nuser bob off\nrename-command FLUSHALL \"\"\n"
             "loadmodule /m.so a b\nslaveof 10.0.0.1 6380\nlist-max-ziplist-entries 5\n"
             "hash-max-ziplist-value 1kb\nenable-debug-command local\n") == "OK");
  const Options& options = config.options();
  CHECK(options.users == std::vector<Words>{{"alice", "on", ">secret", "~*"}, {"bob", "off"}});
  CHECK(options.rename_command == std::vector<Words>{{"FLUSHALL", ""}});
  CHECK(options.loadmodule == std::vector<Words>{{"/m.so", "a", "b"}});
  CHECK(get(config, {"replicaof"}).at("replicaof") == "10.0.0.1 6380");
  CHECK(options.hash_max_listpack_value == 1024);
  CHECK(options.enable_debug_command == Permission::kLocal);
}

TEST_CASE("lists without a word are empty") {
  Config config;
  CHECK(load(config, {"-"}, "bind\nsave\nlatency-tracking-info-percentiles\n") == "OK");
  CHECK(config.options().bind.empty());
  CHECK(config.options().save_points.empty());
  CHECK(config.options().latency_tracking_info_percentiles.empty());
}

TEST_CASE("the command line includes files, too") {
  TemporaryDirectory directory;
  const std::string file = directory.write("some.conf", "hz 20\ntimeout 3\n");
  Config config;
  CHECK(load(config, {"--hz", "30", "--include", file, "--timeout", "4"}) == "OK");
  CHECK(config.options().hz == 20);
  CHECK(config.options().timeout_s == 4);
}

TEST_CASE("a process in the background has a pid file, unless somebody else looks after it") {
  const auto pidfile = [](const Strings& arguments) {
    Config config;
    CHECK(load(config, arguments) == "OK");
    return get(config, {"pidfile"}).at("pidfile");
  };
  CHECK(pidfile({}) == "");
  CHECK(pidfile({"--daemonize", "yes"}) == "/var/run/tarn.pid");
  CHECK(pidfile({"--daemonize", "yes", "--pidfile", "here.pid"}) == "here.pid");
  CHECK(pidfile({"--daemonize", "yes", "--supervised", "systemd"}) == "");

  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf", "daemonize yes\n");
  Config config;
  CHECK(load(config, {file}) == "OK");
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == "daemonize yes\n");
}

TEST_CASE("options without effect are reported once") {
  Config config;
  CHECK(config.ineffective_options().empty());
  CHECK(set(config, {{"tls-port", "7"}, {"timeout", "3"}}) == "OK");
  CHECK(config.ineffective_options() == std::vector<std::string_view>{"tls-port"});
  CHECK(set(config, {{"tls-port", "8"}}) == "OK");
  CHECK(config.ineffective_options().empty());
}

TEST_CASE("secrets are known as such") {
  CHECK(Config::is_sensitive("requirepass"));
  CHECK(Config::is_sensitive("MasterAuth"));
  CHECK_FALSE(Config::is_sensitive("port"));
  CHECK_FALSE(Config::is_sensitive("nosuch"));
}

TEST_CASE("rewrite without a file") {
  Config config;
  const Result<> result = config.rewrite();
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "The server is running without a config file");
}

TEST_CASE("rewrite changes what changed and keeps the rest to the byte") {
  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf",
                                           "# mine\n\nMAXMEMORY  1GB\n timeout 3 \nslave-priority "
                                           "5\nsave 1 1\n#save 9 9\nsave 2 2\nhz 12");
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  Config config;
  CHECK(load(config, {file, "--maxmemory-clients", "5%"}) == "OK");
  CHECK(set(config, {{"timeout", "4"},
                     {"replica-priority", "6"},
                     {"save", "3 3 4 4"},
                     {"requirepass", "a \"b\"\n"},
                     {"proto-max-bulk-len", "4mb"}}) == "OK");
  CHECK(config.rewrite());
  const std::string expected =
      "# mine\n\nMAXMEMORY  1GB\ntimeout 4\nreplica-priority 6\nsave 3 3\nsave 4 4\n#save 9 9\n"
      "hz 12\n# Generated by CONFIG REWRITE\nrequirepass \"a \\\"b\\\"\\n\"\n"
      "proto-max-bulk-len 4mb\nmaxmemory-clients 5%\n";
  CHECK(directory.read("tarn.conf") == expected);
  CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms{0600});
  CHECK(directory.files() == Strings{"tarn.conf"});

  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == expected);

  Config again;
  CHECK(load(again, {file}) == "OK");
  CHECK(get(again, {"*"}) == get(config, {"*"}));

  CHECK(set(config, {{"tcp-keepalive", "1"}, {"save", ""}}) == "OK");
  CHECK(config.rewrite());
  const std::string text = directory.read("tarn.conf");
  CHECK(text.ends_with("maxmemory-clients 5%\ntcp-keepalive 1\n"));
  CHECK(text.find("replica-priority 6\nsave \"\"\n#save 9 9\n") != text.npos);
}

TEST_CASE("rewrite overrides included files at the end") {
  TemporaryDirectory directory;
  directory.write("part.conf", "hz 20\nsave 60 5\n");
  const std::string file = directory.write(
      "tarn.conf", "hz 15\nsave 1 1\ninclude " + directory.path() + "/p*.conf\ntimeout 1\n");
  Config config;
  CHECK(load(config, {file}) == "OK");
  CHECK(config.options().hz == 20);
  CHECK(set(config, {{"hz", "30"}, {"save", "7 7"}, {"timeout", "2"}}) == "OK");
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") ==
        "include " + directory.path() +
            "/p*.conf\ntimeout 2\n# Generated by CONFIG REWRITE\nhz 30\nsave \"\"\nsave 7 7\n");
  Config again;
  CHECK(load(again, {file}) == "OK");
  CHECK(get(again, {"*"}) == get(config, {"*"}));
}

TEST_CASE("rewrite can name every option, in a file that means the same") {
  TemporaryDirectory directory;
  const std::string text = "# mine\nhz 10\nsave 900 1\nrename-command GET fetch\n";
  const std::string file = directory.write("tarn.conf", text);
  Config config;
  REQUIRE(load(config, {file, "--timeout", "7"}) == "OK");
  REQUIRE(config.rewrite(Config::Extent::kAll));
  const std::string rewritten = directory.read("tarn.conf");
  CHECK(rewritten.starts_with(text + std::string(kRewriteComment) + "\n"));
  const auto directives = parse_config(rewritten, file);
  REQUIRE(directives);
  std::set<std::string> named;
  for (const Directive& directive : *directives) named.insert(directive.words[0]);
  for (const Option& option : option_table()) {
    CAPTURE(option.name);
    const bool has_lines = !option_lines(option, config.options()).empty();
    if (has_lines && !option.has(kFileOnly)) CHECK(named.contains(std::string(option.name)));
  }

  Config again;
  REQUIRE(load(again, {file}) == "OK");
  const std::string_view all = "*";
  CHECK(again.get({&all, 1}) == config.get({&all, 1}));
  CHECK(config.rewrite(Config::Extent::kAll));
  CHECK(directory.read("tarn.conf") == rewritten);
}

TEST_CASE("rewrite follows symbolic links") {
  TemporaryDirectory directory;
  const std::string file = directory.write("real.conf", "hz 15\n");
  const std::string link = directory.path() + "/link.conf";
  std::filesystem::create_symlink(file, link);
  Config config;
  CHECK(load(config, {link}) == "OK");
  CHECK(set(config, {{"hz", "16"}}) == "OK");
  CHECK(config.rewrite());
  CHECK(std::filesystem::is_symlink(link));
  CHECK(directory.read("real.conf") == "hz 16\n");
}

TEST_CASE("rewrite comments out what it cannot read, and puts values in force for bad ones") {
  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf", "timeout 3\n");
  Config config;
  CHECK(load(config, {file}) == "OK");
  directory.write("tarn.conf",
                  "# mine\n  foo \"bar\nsave 'x\nmaxmemory 12xx\nTimeout a b\nfoo   bar\n"
                  "rename-command foo\ninclude\ninclude /nosuch.conf\nport");
  CHECK(config.rewrite());
  const std::string expected =
      "# mine\n# ???   foo \"bar\n# ??? save 'x\nmaxmemory 0\ntimeout 3\n# ??? foo   bar\n"
      "rename-command foo\ninclude\ninclude /nosuch.conf\nport 6379\n";
  CHECK(directory.read("tarn.conf") == expected);
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == expected);
}

TEST_CASE("rewrite reads what can be read of included files") {
  TemporaryDirectory directory;
  directory.write("part.conf", "foo bar\nhz \"20\nhz 30\ntimeout x\n");
  const std::string include =
      "include " + directory.path() + "/nosuch.conf " + directory.path() + "/part.conf\n";
  const std::string file = directory.write("tarn.conf", "hz 30\n");
  Config config;
  CHECK(load(config, {file}) == "OK");
  directory.write("tarn.conf", "hz 20\n" + include);
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == "hz 20\n" + include);
  CHECK(set(config, {{"hz", "40"}}) == "OK");
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == include + "# Generated by CONFIG REWRITE\nhz 40\n");
}

TEST_CASE("rewrite leaves a file alone that says it all, to the last byte") {
  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf", "hz 15");
  Config config;
  CHECK(load(config, {file}) == "OK");
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == "hz 15");
}

TEST_CASE("rewrite makes a lost file again") {
  TemporaryDirectory directory;
  const std::string file = directory.write("tarn.conf", "hz 15\n");
  Config config;
  CHECK(load(config, {file}) == "OK");
  std::filesystem::remove(file);
  CHECK(config.rewrite());
  CHECK(directory.read("tarn.conf") == "# Generated by CONFIG REWRITE\nhz 15\n");
}
