#include "persistence/rdb/listpack_writer.h"

#include <doctest/doctest.h>

#include <string>

namespace tarn {
namespace {

// The elements' bytes of a listpack, without its head and its end.
std::string elements_of(std::string_view listpack) {
  return std::string(listpack.substr(6, listpack.size() - 7));
}

template <class Value>
std::string element(Value value) {
  ListpackWriter writer;
  writer.add(value);
  return elements_of(writer.finish());
}

std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (const int value : values) result += static_cast<char>(value);
  return result;
}

TEST_CASE("an empty listpack is a head and an end") {
  ListpackWriter writer;
  CHECK(writer.finish() == bytes({7, 0, 0, 0, 0, 0, 0xff}));
}

TEST_CASE("integers take the shortest form") {
  CHECK(element(std::int64_t{0}) == bytes({0x00, 1}));
  CHECK(element(std::int64_t{127}) == bytes({0x7f, 1}));
  CHECK(element(std::int64_t{128}) == bytes({0xc0, 0x80, 2}));
  CHECK(element(std::int64_t{-1}) == bytes({0xdf, 0xff, 2}));
  CHECK(element(std::int64_t{4095}) == bytes({0xcf, 0xff, 2}));
  CHECK(element(std::int64_t{-4096}) == bytes({0xd0, 0x00, 2}));
  CHECK(element(std::int64_t{4096}) == bytes({0xf1, 0x00, 0x10, 3}));
  CHECK(element(std::int64_t{-32768}) == bytes({0xf1, 0x00, 0x80, 3}));
  CHECK(element(std::int64_t{32768}) == bytes({0xf2, 0x00, 0x80, 0x00, 4}));
  CHECK(element(std::int64_t{8388608}) == bytes({0xf3, 0x00, 0x00, 0x80, 0x00, 5}));
  CHECK(element(std::int64_t{1} << 32) == bytes({0xf4, 0, 0, 0, 0, 1, 0, 0, 0, 9}));
}

TEST_CASE("texts that spell integers are integers, others are not") {
  CHECK(element(std::string_view("5")) == bytes({5, 1}));
  CHECK(element(std::string_view("05")) == bytes({0x82, '0', '5', 3}));
  CHECK(element(std::string_view("")) == bytes({0x80, 1}));
}

TEST_CASE("the length of a string decides its head, that of an element its end") {
  const std::string middle(100, 'a');
  CHECK(element(std::string_view(middle)) == bytes({0xe0, 100}) + middle + bytes({102}));
  const std::string longer(126, 'a');
  // 128 bytes: the end takes two groups of seven bits.
  CHECK(element(std::string_view(longer)) == bytes({0xe0, 126}) + longer + bytes({1, 0x80}));
  const std::string large(5000, 'b');
  // 5005 = 39 * 128 + 13
  CHECK(element(std::string_view(large)) ==
        bytes({0xf0, 0x88, 0x13, 0, 0}) + large + bytes({39, 0x80 | 13}));
}

TEST_CASE("the length behind an element of 16,383 bytes takes three, as redis-server has it") {
  // Five bytes of head.
  const std::string below(16'377, 'c');
  CHECK(element(std::string_view(below)).ends_with(bytes({'c', 127, 0x80 | 126})));
  const std::string at(16'378, 'c');
  CHECK(element(std::string_view(at)).ends_with(bytes({'c', 0, 0xff, 0xff})));
}

TEST_CASE("head: total bytes and the number of elements") {
  ListpackWriter writer;
  writer.add("ab");
  writer.add(std::int64_t{1});
  CHECK(writer.finish() == bytes({13, 0, 0, 0, 2, 0, 0x82, 'a', 'b', 3, 1, 1, 0xff}));
  writer.clear();
  for (int i = 0; i < 65'535; ++i) writer.add(std::int64_t{1});
  const std::string_view many = writer.finish();
  CHECK(many.substr(4, 2) == bytes({0xff, 0xff}));
}

}  // namespace
}  // namespace tarn
