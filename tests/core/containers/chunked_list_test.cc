#include "core/containers/chunked_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/containers/packed_list.h"

namespace tarn {
namespace {

constexpr ListEnd kEnds[] = {ListEnd::kFront, ListEnd::kBack};

std::string text_of(const PackedElement& element) {
  PackedElement::Scratch scratch;
  return std::string(element.text(scratch));
}

void push(ChunkedList& list, ListEnd end, std::string_view text) {
  list.push(end, PackedProbe(text));
}

std::string pop(ChunkedList& list, ListEnd end) {
  std::string text = text_of(list.peek(end));
  list.pop(end);
  return text;
}

std::vector<std::string> contents(const ChunkedList& list, ListEnd from = ListEnd::kFront) {
  std::vector<std::string> texts;
  PackedElement element;
  for (auto iterator = list.iterate(from); iterator.next(element);) {
    texts.push_back(text_of(element));
  }
  return texts;
}

ListLimits bytes_limit(std::uint32_t max_bytes, std::uint32_t compress_depth = 0) {
  return {.max_bytes = max_bytes, .compress_depth = compress_depth};
}

// Twelve characters, all different.
std::string serial(std::size_t n) {
  std::string digits = std::to_string(n);
  return "m" + std::string(11 - digits.size(), '0') + digits;
}

// A list and a deque that get the same edits.
class Pair {
 public:
  Pair(const ListLimits& limits, std::uint64_t seed) : list_(limits), rng_(seed) {}

  void step() {
    const std::uint64_t dice = rng_.below(100);
    if (dice < 30) {
      push_one();
    } else if (dice < 42) {
      pop_one();
    } else if (dice < 60) {
      insert();
    } else if (dice < 66) {
      replace();
    } else if (dice < 74) {
      erase();
    } else if (dice < 78) {
      remove();
    } else if (dice < 86) {
      read_range();
    } else if (dice < 92) {
      find();
    } else if (dice < 95) {
      append_run();
    } else {
      rare();
    }
    REQUIRE(list_.size() == model_.size());
  }

  void compare() {
    list_.check();
    const std::vector<std::string> expected(model_.begin(), model_.end());
    REQUIRE(contents(list_) == expected);
    const std::vector<std::string> reversed(model_.rbegin(), model_.rend());
    REQUIRE(contents(list_, ListEnd::kBack) == reversed);
  }

  std::size_t size() const { return model_.size(); }
  ChunkedList& list() { return list_; }

 private:
  static constexpr std::size_t kManyElements = 500;

  ListEnd any_end() { return kEnds[rng_.below(2)]; }
  std::size_t any_index() { return rng_.below(model_.size()); }
  auto at(std::size_t index) { return model_.begin() + static_cast<std::ptrdiff_t>(index); }

  std::string any_text() {
    const std::uint64_t dice = rng_.below(400);
    if (dice == 0) return std::string(100'000, 'L');
    if (dice < 5) return std::string(8191 + rng_.below(2), 'm');
    if (dice < 50) return std::to_string(rng_.below(300));
    if (dice < 100) return std::to_string(static_cast<std::int64_t>(rng_()));
    if (dice < 130) return "";
    if (dice < 200) return "again" + std::to_string(rng_.below(3));
    if (dice < 240) return std::string(63 + rng_.below(2), 's');
    if (dice < 300) return serial(rng_.below(1'000'000));
    std::string text(rng_.below(300), 'x');
    for (std::size_t i = 0; i < text.size(); i += 1 + rng_.below(9)) {
      text[i] = static_cast<char>(rng_());
    }
    return text;
  }

  void push_one() {
    const ListEnd end = any_end();
    const std::string text = any_text();
    push(list_, end, text);
    if (end == ListEnd::kFront) {
      model_.push_front(text);
    } else {
      model_.push_back(text);
    }
  }

  void pop_one() {
    if (model_.empty()) return;
    const ListEnd end = any_end();
    const bool front = end == ListEnd::kFront;
    const std::string expected = front ? model_.front() : model_.back();
    if (rng_.below(2) == 0) {
      REQUIRE(pop(list_, end) == expected);
    } else {
      list_.pop(end);
    }
    if (front) {
      model_.pop_front();
    } else {
      model_.pop_back();
    }
  }

  void insert() {
    const std::size_t index = rng_.below(model_.size() + 1);
    const std::string text = any_text();
    list_.insert(index, PackedProbe(text));
    model_.insert(at(index), text);
  }

  void replace() {
    if (model_.empty()) return;
    const std::size_t index = any_index();
    const std::string text = any_text();
    list_.replace(index, PackedProbe(text));
    model_[index] = text;
    REQUIRE(text_of(list_.at(index)) == text);
  }

  void erase() {
    if (model_.empty()) return;
    const std::size_t index = any_index();
    const std::size_t most = model_.size() > kManyElements ? 100 : 3;
    const std::size_t count = std::min(1 + rng_.below(most), model_.size() - index);
    list_.erase(index, count);
    model_.erase(at(index), at(index + count));
  }

  void remove() {
    const ListEnd from = any_end();
    const std::string text = model_.empty() || rng_.below(4) == 0 ? any_text() : *at(any_index());
    const std::size_t most = rng_.below(2) == 0 ? 1 + rng_.below(3) : SIZE_MAX;
    std::size_t removed = 0;
    for (std::size_t i = 0; i < model_.size() && removed < most;) {
      const std::size_t index = from == ListEnd::kFront ? i : model_.size() - 1 - i;
      if (model_[index] == text) {
        model_.erase(at(index));
        ++removed;
      } else {
        ++i;
      }
    }
    REQUIRE(list_.remove(PackedProbe(text), most, from) == removed);
  }

  void read_range() {
    if (model_.empty()) return;
    const ListEnd from = any_end();
    std::size_t index = any_index();
    REQUIRE(text_of(list_.at(index)) == model_[index]);
    auto iterator = list_.iterate(from, index);
    PackedElement element;
    for (std::size_t left = rng_.below(100); left > 0; --left) {
      if (index == model_.size()) {  // also -1
        REQUIRE_FALSE(iterator.next(element));
        return;
      }
      REQUIRE(iterator.next(element));
      REQUIRE(iterator.index() == index);
      REQUIRE(text_of(element) == model_[index]);
      index += from == ListEnd::kFront ? 1 : SIZE_MAX;
      index = std::min(index, model_.size());
    }
  }

  void find() {
    if (model_.empty()) return;
    const std::string text = *at(any_index());
    const PackedProbe probe(text);
    auto iterator = list_.iterate(ListEnd::kFront);
    for (std::size_t i = 0; i < model_.size(); ++i) {
      if (model_[i] != text) continue;
      REQUIRE(iterator.find(probe, SIZE_MAX));
      REQUIRE(iterator.index() == i);
    }
    REQUIRE_FALSE(iterator.find(probe, SIZE_MAX));

    const auto last = std::find(model_.rbegin(), model_.rend(), text) - model_.rbegin();
    const auto steps = static_cast<std::size_t>(last) + 1;
    REQUIRE_FALSE(list_.iterate(ListEnd::kBack).find(probe, steps - 1));
    auto backwards = list_.iterate(ListEnd::kBack);
    REQUIRE(backwards.find(probe, steps));
    REQUIRE(backwards.index() == model_.size() - steps);
  }

  void append_run() {
    PackedString run;
    const std::size_t count = rng_.below(30);
    for (std::size_t i = 0; i < count; ++i) {
      model_.push_back(any_text());
      run.append(PackedProbe(model_.back()));
    }
    list_.append_run(run.list().encoded(), count);
  }

  void rare() {
    const std::uint64_t dice = rng_.below(100);
    if (dice < 30) {
      const std::size_t first = rng_.below(model_.size() / 8 + 1);
      const std::size_t count = (model_.size() - first) / 8 * 7;
      list_.trim(first, count);
      model_.erase(at(first + count), model_.end());
      model_.erase(model_.begin(), at(first));
    } else if (dice < 60) {
      const ListEnd end = any_end();
      const std::size_t count = rng_.below(model_.size() / 4 + 1);
      list_.pop(end, count);
      const bool front = end == ListEnd::kFront;
      const auto first = front ? model_.begin() : at(model_.size() - count);
      model_.erase(first, first + static_cast<std::ptrdiff_t>(count));
    } else if (dice < 70) {
      ChunkedList copy = list_.clone();
      copy.check();
      REQUIRE(contents(copy) == contents(list_));
      list_ = std::move(copy);
    } else if (dice < 72) {
      list_.clear_step(2);
      model_.resize(list_.size());
    } else if (dice < 73) {
      list_.clear();
      model_.clear();
    } else if (!model_.empty()) {
      const auto wanted = [this](const void*) { return rng_.below(2) == 0; };
      list_.move_directory(wanted);
      for (std::size_t i = 0; i < list_.chunk_count(); ++i) list_.move_chunk(i, wanted);
    }
  }

  ChunkedList list_;
  std::deque<std::string> model_;
  Rng rng_;
};

void run_random_edits(const ListLimits& limits, int steps) {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  CAPTURE(limits.max_bytes);
  CAPTURE(limits.max_elements);
  CAPTURE(limits.compress_depth);
  Pair pair(limits, seed);
  for (int i = 0; i < steps; ++i) {
    CAPTURE(i);
    pair.step();
    if (i % 32 == 0) pair.list().check();
    if (i % 256 == 0) pair.compare();
  }
  pair.compare();
}

TEST_CASE("chunked list: options") {
  CHECK(ListLimits::of_options(-1, 0).max_bytes == 4096);
  CHECK(ListLimits::of_options(-2, 0) == ListLimits());
  CHECK(ListLimits::of_options(-5, 0).max_bytes == 65536);
  CHECK(ListLimits::of_options(INT64_MIN + 1, 0).max_bytes == 65536);
  CHECK(ListLimits::of_options(-5, 0).max_elements == ListLimits::kNoLimit);
  CHECK(ListLimits::of_options(0, 0).max_elements == 1);
  CHECK(ListLimits::of_options(128, 0).max_elements == 128);
  CHECK(ListLimits::of_options(128, 0).max_bytes == 8192);
  CHECK(ListLimits::of_options(-2, 3).compress_depth == 3);

  const ListLimits by_bytes = ListLimits::of_options(-2, 0);
  CHECK(by_bytes.fits(8192, 8192));
  CHECK_FALSE(by_bytes.fits(8193, 1));
  CHECK(by_bytes.fits_half(4096, 4096));
  CHECK_FALSE(by_bytes.fits_half(4097, 1));
  const ListLimits by_count = ListLimits::of_options(10, 0);
  CHECK(by_count.fits(8192, 10));
  CHECK_FALSE(by_count.fits(11, 11));
  CHECK(by_count.fits_half(8192, 5));
  CHECK_FALSE(by_count.fits_half(6, 6));
}

TEST_CASE("chunked list: nothing in it") {
  ChunkedList list;
  CHECK(list.empty());
  CHECK(list.chunk_count() == 0);
  CHECK(list.only_run().empty());
  CHECK(list.memory_bytes() == sizeof(ChunkedList));
  CHECK(contents(list).empty());
  CHECK(contents(list, ListEnd::kBack).empty());
  CHECK(list.remove(PackedProbe("a"), SIZE_MAX, ListEnd::kBack) == 0);
  list.trim(0, 0);
  list.erase(0, 0);
  list.clear();
  CHECK_FALSE(list.clear_step(1));
  CHECK(list.clone().empty());
  list.check();
}

TEST_CASE("chunked list: random edits, as a deque has them") {
  for (std::uint32_t depth = 0; depth <= 2; ++depth) {
    for (const std::int64_t option : {1, 4, 100, -1, -2, -5}) {
      run_random_edits(ListLimits::of_options(option, depth), 2000);
    }
    run_random_edits(bytes_limit(16, depth), 2000);
    run_random_edits(bytes_limit(300, depth), 2000);
  }
}

TEST_CASE("chunked list: limits change under it") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  Pair pair({}, seed);
  for (int i = 0; i < 40; ++i) {
    const auto depth = static_cast<std::int64_t>(rng.below(4));
    pair.list().set_limits(
        ListLimits::of_options(5 - static_cast<std::int64_t>(rng.below(11)), depth));
    pair.list().check();
    for (int step = 0; step < 60; ++step) pair.step();
    pair.compare();
  }
}

TEST_CASE("chunked list: queues and stacks") {
  constexpr std::size_t kElements = 20'000;
  for (const ListEnd in : kEnds) {
    for (const ListEnd out : kEnds) {
      ChunkedList list;
      std::size_t pushed = 0;
      // Long runs of pushes and pops, then one of each in turn, at several lengths.
      for (const std::size_t length : {0U, 10U, 700U, 3000U}) {
        std::deque<std::size_t> model;
        for (std::size_t i = 0; i < kElements; ++i) {
          model.push_back(pushed);
          push(list, in, serial(pushed++));
          if (model.size() <= length) continue;
          const bool last = in == out;
          const std::size_t expected = last ? model.back() : model.front();
          last ? model.pop_back() : model.pop_front();
          REQUIRE(pop(list, out) == serial(expected));
        }
        list.check();
        while (!model.empty()) {
          REQUIRE(pop(list, out) == serial(in == out ? model.back() : model.front()));
          in == out ? model.pop_back() : model.pop_front();
        }
        CHECK(list.empty());
      }
    }
  }
}

TEST_CASE("chunked list: a million elements of 12 bytes take 13.6 bytes each at most") {
  constexpr std::size_t kElements = 1'000'000;
  for (const ListEnd end : kEnds) {
    ChunkedList list;
    for (std::size_t i = 0; i < kElements; ++i) push(list, end, serial(i));
    CHECK(list.element_bytes() == 13 * kElements);
    const std::size_t tenths = list.memory_bytes() * 10 / kElements;
    CHECK(tenths <= 136);
    CHECK(text_of(list.at(0)) == serial(end == ListEnd::kBack ? 0 : kElements - 1));
    CHECK(text_of(list.at(400'000)) == serial(end == ListEnd::kBack ? 400'000 : 599'999));
  }
}

TEST_CASE("chunked list: small ones are small") {
  for (const ListEnd end : kEnds) {
    ChunkedList list;
    for (std::size_t i = 0; i < 46; ++i) push(list, end, serial(i));
    CHECK(list.element_bytes() == 598);
    CHECK(list.memory_bytes() <= 2 * 598 + sizeof(ChunkedList) + 256);
  }
  // What was once large gives its memory back.
  ChunkedList list(ListLimits::of_options(-5, 0));
  for (std::size_t i = 0; i < 10'000; ++i) push(list, ListEnd::kBack, serial(i));
  while (list.size() > 10) pop(list, ListEnd::kBack);
  CHECK(list.memory_bytes() <= 32 * 1024);
  list.trim(0, 1);
  CHECK(list.memory_bytes() <= 16 * 1024);
}

TEST_CASE("chunked list: whether one chunk would do") {
  ChunkedList list(ListLimits::of_options(4, 0));
  for (int i = 0; i < 5; ++i) push(list, ListEnd::kBack, std::to_string(i));
  CHECK(list.chunk_count() == 2);
  CHECK_FALSE(list.fits_one_chunk());
  list.pop(ListEnd::kBack);
  CHECK(list.fits_one_chunk());
  CHECK_FALSE(list.fits_half_chunk());
  list.pop(ListEnd::kFront, 2);
  CHECK(list.fits_half_chunk());
  CHECK(list.only_run() == "\x02\x03");

  ChunkedList large;
  push(large, ListEnd::kBack, std::string(9000, 'x'));
  CHECK(large.chunk_count() == 1);
  CHECK_FALSE(large.fits_one_chunk());
}

TEST_CASE("chunked list: interior chunks are compressed where that pays") {
  constexpr std::size_t kElements = 3000;
  ChunkedList list(ListLimits::of_options(-2, 1));
  for (std::size_t i = 0; i < kElements; ++i) push(list, ListEnd::kBack, serial(i));
  CHECK(list.chunk_count() == 5);
  CHECK(list.compressed_chunk_count() == 3);
  CHECK(list.compressed_bytes() < list.element_bytes() / 2);
  CHECK(list.memory_bytes() < list.element_bytes() * 4 / 5);
  list.check();

  // Reading leaves them as they are; so does writing, in the end.
  for (std::size_t i = 0; i < kElements; i += 97) REQUIRE(text_of(list.at(i)) == serial(i));
  CHECK(contents(list, ListEnd::kBack).size() == kElements);
  list.replace(1500, PackedProbe("changed"));
  CHECK(text_of(list.at(1500)) == "changed");
  CHECK(list.compressed_chunk_count() == 3);

  // What comes near an end is expanded.
  list.pop(ListEnd::kFront, 1300);
  CHECK(list.compressed_chunk_count() == 1);
  list.check();

  ChunkedList noise(ListLimits::of_options(-2, 1));
  Rng rng(1);
  for (std::size_t i = 0; i < kElements; ++i) {
    std::string text(12, '\0');
    for (char& c : text) c = static_cast<char>(rng());
    push(noise, ListEnd::kBack, text);
  }
  CHECK(noise.compressed_chunk_count() == 0);
  noise.check();
}

TEST_CASE("chunked list: its blocks move, compressed ones too, and those wanted alone") {
  ChunkedList list(ListLimits::of_options(-2, 1));
  for (std::size_t i = 0; i < 3000; ++i) push(list, i % 3 == 0 ? kEnds[0] : kEnds[1], serial(i));
  REQUIRE(list.compressed_chunk_count() > 0);
  const std::vector<std::string> expected = contents(list);
  const std::size_t bytes = list.memory_bytes();
  std::vector<const void*> blocks;
  const auto note = [&blocks](const void* block) {
    blocks.push_back(block);
    return false;
  };
  const auto visit = [&list](const auto& wanted) {
    list.move_directory(wanted);
    for (std::size_t i = 0; i < list.chunk_count(); ++i) list.move_chunk(i, wanted);
  };
  visit(note);
  const std::vector<const void*> before = std::exchange(blocks, {});
  REQUIRE(before.size() == list.chunk_count() + 1);
  visit([&before](const void* block) { return block == before[0] || block == before[2]; });
  visit(note);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK((blocks[i] == before[i]) == (i != 0 && i != 2));
  }
  visit([](const void*) { return true; });
  list.check();
  CHECK(list.memory_bytes() == bytes);
  CHECK(contents(list) == expected);
  push(list, ListEnd::kFront, "front");
  push(list, ListEnd::kBack, "back");
  CHECK(list.size() == expected.size() + 2);
  list.check();
}

TEST_CASE("chunked list: inserts into full chunks and erases leave chunks reasonably full") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  ChunkedList list;
  for (std::size_t i = 0; i < 20'000; ++i) {
    list.insert(rng.below(list.size() + 1), PackedProbe(serial(i)));
  }
  list.check();
  CHECK(list.chunk_count() < 2 * list.element_bytes() / 8192);
  CHECK(list.memory_bytes() < list.element_bytes() * 14 / 10);
  while (list.size() > 2000) list.erase(rng.below(list.size()));
  list.check();
  CHECK(list.chunk_count() <= 3 * list.element_bytes() / 8192 + 2);

  for (int i = 0; i < 3000; ++i) list.insert(1000, PackedProbe("same place"));
  list.check();
  CHECK(list.chunk_count() < 3 * list.element_bytes() / 8192);
}

TEST_CASE("chunked list: large elements that go leave nothing") {
  const std::string large(300'000, 'x');
  ChunkedList list;
  for (const ListEnd end : kEnds) {
    push(list, end, "a");
    push(list, end, large);
  }
  CHECK(list.chunk_count() == 3);
  CHECK(pop(list, ListEnd::kBack) == large);
  list.replace(0, PackedProbe("small"));
  list.check();
  CHECK(contents(list) == std::vector<std::string>{"small", "a", "a"});
  CHECK(list.memory_bytes() < 2000);
}

TEST_CASE("chunked list: clearing in steps") {
  ChunkedList list;
  for (std::size_t i = 0; i < 10'000; ++i) push(list, ListEnd::kBack, serial(i));
  const std::size_t chunks = list.chunk_count();
  std::size_t steps = 1;
  while (list.clear_step(3)) {
    ++steps;
    REQUIRE(text_of(list.peek(ListEnd::kBack)) == serial(list.size() - 1));
  }
  CHECK(steps == (chunks + 2) / 3);
  CHECK(list.memory_bytes() < 2000);
  push(list, ListEnd::kBack, "a");
  CHECK(contents(list) == std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace tarn
