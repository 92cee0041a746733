#include "server/metrics/info.h"

#include <doctest/doctest.h>

namespace tarn {
namespace {

struct Sections {
  Sections() {
    info.add("Server", Info::Shown::kAlways, [](InfoWriter& out) { out.field("port", 7); });
    info.add("CPU", Info::Shown::kAlways, [](InfoWriter& out) { out.field("used", "1.5"); });
    info.add("Commandstats", Info::Shown::kOnDemand, [](InfoWriter&) {});
  }

  std::string report(std::vector<std::string_view> names) const { return info.report(names); }

  Info info;
};

constexpr std::string_view kServer = "# Server\r\nport:7\r\n";
constexpr std::string_view kDefault = "# Server\r\nport:7\r\n\r\n# CPU\r\nused:1.5\r\n";
constexpr std::string_view kAll =
    "# Server\r\nport:7\r\n\r\n# CPU\r\nused:1.5\r\n\r\n# Commandstats\r\n";

}  // namespace

TEST_CASE("Info: without names, what is always shown") {
  const Sections sections;
  CHECK(sections.report({}) == kDefault);
  CHECK(sections.report({"default"}) == kDefault);
}

TEST_CASE("Info: all of it") {
  const Sections sections;
  CHECK(sections.report({"all"}) == kAll);
  CHECK(sections.report({"everything"}) == kAll);
  CHECK(sections.report({"DEFAULT", "commandstats"}) == kAll);
}

TEST_CASE("Info: by name, in any case, each once, in the order of registration") {
  const Sections sections;
  CHECK(sections.report({"server"}) == kServer);
  CHECK(sections.report({"SERVER", "nothing", "server"}) == kServer);
  CHECK(sections.report({"cpu", "server"}) == kDefault);
  CHECK(sections.report({"nothing"}).empty());
}

TEST_CASE("InfoWriter: kinds of values") {
  std::string text;
  InfoWriter out(text);
  out.field("number", -1);
  out.field("text", "a b");
  out.flag("yes", true);
  out.flag("no", false);
  out.format("db0", "keys={},expires={}", 1, 0);
  out.memory("used", 1536);
  CHECK(text ==
        "number:-1\r\ntext:a b\r\nyes:1\r\nno:0\r\ndb0:keys=1,expires=0\r\n"
        "used:1536\r\nused_human:1.50K\r\n");
}

}  // namespace tarn
