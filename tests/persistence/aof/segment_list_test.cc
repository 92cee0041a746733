#include "persistence/aof/segment_list.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

struct Files {
  void ours(std::uint64_t after) {
    ChecksumChain chain;
    add(print_annotation({.sequence = after, .time_ms = 1'700'000'000'000}, "", chain) + "*1\r\n");
  }
  void add(const std::string& bytes) {
    missing();
    std::ofstream(paths.back(), std::ios::binary) << bytes;
  }
  void missing() { paths.push_back(directory.path() + "/" + std::to_string(paths.size())); }
  SegmentList list() const {
    auto read = SegmentList::read(paths);
    REQUIRE(read);
    return *read;
  }

  TemporaryDirectory directory;
  std::vector<std::string> paths;
};

TEST_CASE_FIXTURE(Files, "SegmentList: how segments begin") {
  ours(7);
  add("*1\r\n$4\r\nPING\r\n");
  add("");
  missing();
  const SegmentList segments = list();
  REQUIRE(segments.size() == 4);
  CHECK(segments.path(1) == paths[1]);
  CHECK(segments.first(0) == 7);
  CHECK(segments.opening(0)->time_ms == 1'700'000'000'000);
  for (std::size_t index = 1; index < 4; ++index) CHECK_FALSE(segments.first(index));
}

TEST_CASE_FIXTURE(Files, "SegmentList: a directory is no segment") {
  paths.push_back(directory.path());
  CHECK_FALSE(SegmentList::read(paths));
}

TEST_CASE_FIXTURE(Files, "SegmentList: what a later one says again") {
  ours(0);
  ours(5);
  ours(3);
  ours(9);
  const SegmentList segments = list();
  CHECK(segments.is_repeated_later(0, 3));
  CHECK(segments.is_repeated_later(1, 8));
  CHECK_FALSE(segments.is_repeated_later(1, 2));
  CHECK_FALSE(segments.is_repeated_later(2, 8));
  CHECK(segments.is_repeated_later(2, 9));
  CHECK_FALSE(segments.is_repeated_later(3, 100));
}

TEST_CASE_FIXTURE(Files, "SegmentList: what another server wrote is never said again") {
  add("*1\r\n$4\r\nPING\r\n");
  ours(0);
  add(std::string(3, '\0'));
  ours(0);
  const SegmentList segments = list();
  CHECK_FALSE(segments.is_repeated_later(0, 0));
  CHECK(segments.is_repeated_later(1, 0));
  CHECK(segments.is_repeated_later(2, 0));
}

}  // namespace
}  // namespace tarn
