#include "persistence/aof/manifest.h"

#include <doctest/doctest.h>

namespace tarn {
namespace {

TEST_CASE("a manifest is read and printed") {
  const std::string text =
      "file a.aof.2.base.rdb seq 2 type b\n"
      "file a.aof.1.incr.aof seq 1 type h\n"
      "file a.aof.3.incr.aof seq 3 type i\n"
      "file \"a b.aof.4.incr.aof\" seq 4 type i\n";
  const auto manifest = AofManifest::parse(text, "m");
  REQUIRE(manifest);
  CHECK(manifest->base->name == "a.aof.2.base.rdb");
  CHECK(manifest->increments.size() == 2);
  CHECK(manifest->increments[1].name == "a b.aof.4.incr.aof");
  CHECK(manifest->last_base_number() == 2);
  CHECK(manifest->last_increment_number() == 4);
  CHECK(manifest->print() == text);
}

TEST_CASE("a history that was left is in the base's line") {
  const std::string text = "file a.aof.2.base.rdb seq 2 type b leaving 1000\n";
  const auto manifest = AofManifest::parse(text, "m");
  REQUIRE(manifest);
  CHECK(manifest->left_batches == 1000);
  CHECK(manifest->print() == text);
  CHECK(!AofManifest::parse("file a seq 2 type b leaving -1\n", "m"));
}

TEST_CASE("comments, and pairs of words that later versions may add") {
  const auto manifest =
      AofManifest::parse("# text\r\n\nfile x seq 1 type i startoffset 12\r\n", "m");
  REQUIRE(manifest);
  CHECK(manifest->increments[0].name == "x");
}

TEST_CASE("what is wrong with a manifest") {
  const auto error = [](std::string_view text) {
    const auto manifest = AofManifest::parse(text, "dir/m");
    return manifest ? std::string("fine") : manifest.error().message;
  };
  CHECK(error("file x seq 1 type i\nfile y seq 1 type i\n") ==
        "dir/m:2: increments must come in the order of their numbers");
  CHECK(error("file x seq 1 type b\nfile y seq 2 type b\n") == "dir/m:2: there is a second base");
  CHECK(error("file ../x seq 1 type b\n") == "dir/m:1: a file's name must not be a path");
  CHECK(error("file x seq 1 type z\n") ==
        "dir/m:1: a file's type is b (base), i (increment) or h (history)");
  CHECK(error("") == "dir/m: it names neither a base nor an increment");
  for (const char* text : {"file x seq", "file x type b", "seq 1 type b", "file x seq -1 type b",
                           "file \"x seq 1 type b", "file x seq 0 type b"}) {
    CHECK(error(text) == "dir/m:1: expected \"file NAME seq NUMBER type b|i|h\"");
  }
}

}  // namespace
}  // namespace tarn
