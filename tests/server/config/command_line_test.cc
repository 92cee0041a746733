#include "server/config/command_line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tarn;

namespace {

std::vector<Words> options_of(const std::vector<std::string>& arguments) {
  const Result<CommandLine> line = parse_command_line(arguments);
  REQUIRE(line);
  std::vector<Words> options;
  for (const Directive& option : line->options) options.push_back(option.words);
  return options;
}

using Lines = std::vector<Words>;

}  // namespace

TEST_CASE("options and their values") {
  CHECK(options_of({}).empty());
  CHECK(options_of({"--port", "7000", "--Bind", "a", "b"}) ==
        Lines{{"port", "7000"}, {"bind", "a", "b"}});
  CHECK(options_of({"--port 7000", "--save 1 2", "3"}) ==
        Lines{{"port", "7000"}, {"save", "1", "2", "3"}});
  CHECK(options_of({"--requirepass", "it's \"it\""}) == Lines{{"requirepass", "it's \"it\""}});
  CHECK(options_of({"--logfile", ""}) == Lines{{"logfile", ""}});
}

TEST_CASE("what follows a bare name is its value") {
  CHECK(options_of({"--requirepass", "--secret", "--port", "1"}) ==
        Lines{{"requirepass", "--secret"}, {"port", "1"}});
  CHECK(options_of({"--port 1", "--hz", "2"}) == Lines{{"port", "1"}, {"hz", "2"}});
  CHECK(options_of({"--port"}) == Lines{{"port"}});
}

TEST_CASE("save may go without a value") {
  CHECK(options_of({"--save"}) == Lines{{"save", ""}});
  CHECK(options_of({"--save", "--port", "1"}) == Lines{{"save", ""}, {"port", "1"}});
  CHECK(options_of({"--save", ""}) == Lines{{"save", ""}});
}

TEST_CASE("configuration file and standard input") {
  const auto parse = [](const std::vector<std::string>& arguments) {
    return *parse_command_line(arguments);
  };
  CHECK(parse({"a.conf"}).config_file == "a.conf");
  CHECK(parse({"a.conf", "--port", "1"}).options.size() == 1);
  CHECK_FALSE(parse({"a.conf", "--port", "1"}).reads_stdin);
  CHECK(parse({"a.conf", "-"}).reads_stdin);
  CHECK(parse({"-"}).reads_stdin);
  CHECK(parse({"-", "--port", "1"}).reads_stdin);
  CHECK(parse({"--port", "1", "-"}).reads_stdin);
  CHECK(parse({"--port", "1", "-"}).options[0].words == Words{"port", "1"});
  CHECK(parse({"a.conf", "b.conf"}).options[0].words == Words{"b.conf"});
}

TEST_CASE("a name that cannot be split") {
  const Result<CommandLine> line =
      parse_command_line(std::vector<std::string>{"--hz", "1", "--port \"7"});
  REQUIRE_FALSE(line);
  CHECK(line.error().message == "command line, option 2: Unbalanced quotes\n>>> '--port \"7'");
  CHECK(parse_command_line(std::vector<std::string>{"--"})->options[0].words == Words{""});
}
