#include "core/types/list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/types/detached_cell.h"

namespace tarn {
namespace {

using Encoding = CollectionEncoding;
using Texts = std::vector<std::string>;

constexpr ListEnd kEnds[] = {ListEnd::kFront, ListEnd::kBack};

std::string text_of(const PackedElement& element) {
  PackedElement::Scratch scratch;
  return std::string(element.text(scratch));
}

Texts contents(const ListView& list) {
  Texts texts;
  list.for_each([&texts](const PackedElement& element) { texts.push_back(text_of(element)); });
  return texts;
}

// A list on its own, without a keyspace.
class LooseList {
 public:
  explicit LooseList(const ListLimits& limits = {}) : cell_(heap_), limits_(limits) {}

  // For one edit, with the limits of the day.
  List edit() { return List(cell_, limits_); }
  ListView view() const { return cell_.vacant() ? ListView() : ListView(cell_.view()); }
  void set_limits(const ListLimits& limits) { limits_ = limits; }
  bool vacant() const { return cell_.vacant(); }
  bool large() const { return !vacant() && cell_.encoding() == Encoding::kLarge; }
  const LargeList& large_list() const { return static_cast<const LargeList&>(*cell_.large()); }

  void push(ListEnd end, std::string_view text) { edit().push(end, PackedProbe(text)); }
  void push(std::size_t count, std::string_view text) {
    for (std::size_t i = 0; i < count; ++i) push(ListEnd::kBack, text);
  }

 private:
  ObjectHeap heap_;
  DetachedCell cell_;
  ListLimits limits_;
};

// The same under a key, whose entry is edited in place and moved about.
class KeyedList {
 public:
  explicit KeyedList(const ListLimits& limits) : databases_(clock_, 1), limits_(limits) {}

  template <class Edit>
  auto edit(Edit apply) {
    CollectionEdit edit(databases_[0], key_, Type::kList);
    List list(edit, limits_);
    if constexpr (std::is_void_v<decltype(apply(list))>) {
      apply(list);
      edit.commit(1);
    } else {
      const auto result = apply(list);
      edit.commit(1);
      return result;
    }
  }
  ListView view() {
    const Entry* entry = databases_[0].peek(key_);
    return entry == nullptr ? ListView() : ListView(entry->collection_view());
  }
  bool exists() { return databases_[0].contains(key_); }
  const LargeList* large() {
    const Entry* entry = databases_[0].peek(key_);
    if (entry == nullptr || entry->collection_encoding() != Encoding::kLarge) return nullptr;
    return static_cast<const LargeList*>(entry->collection());
  }
  void set_limits(const ListLimits& limits) { limits_ = limits; }

 private:
  FakeClock clock_;
  Databases databases_;
  const Key key_{"list"};
  ListLimits limits_;
};

// A list beside the simplest thing that does the same.
class ModelRun {
 public:
  using Limits = ListLimits (*)(Rng&);

  ModelRun(Limits limits, std::size_t typical_size, std::uint64_t seed)
      : any_limits_(limits), typical_size_(typical_size), rng_(seed), list_(limits(rng_)) {}

  void step() {
    if (rng_.below(50) == 0) list_.set_limits(any_limits_(rng_));
    // Grows or shrinks, for a while, to sizes around those that conversions happen at.
    if (rng_.below(100) == 0) growing_ = !growing_;
    if (model_.size() > 2 * typical_size_) growing_ = false;
    const std::uint64_t dice = rng_.below(20);
    if (model_.empty() || dice < (growing_ ? 8 : 3)) {
      push();
    } else if (dice < 11) {
      pop();
    } else if (dice < 13) {
      replace();
    } else if (dice < 15) {
      insert();
    } else if (dice < 16) {
      rotate();
    } else if (dice < 17) {
      remove();
    } else if (dice < 18 && rng_.below(10) == 0) {
      trim();
    } else {
      look();
    }
    REQUIRE(list_.view().size() == model_.size());
    REQUIRE(list_.exists() == !model_.empty());
  }

  void compare() {
    REQUIRE(contents(list_.view()) == Texts(model_.begin(), model_.end()));
    const LargeList* large = list_.large();
    if (large != nullptr) large->elements().check();
    seen_large_ |= large != nullptr;
    seen_packed_ |= large == nullptr;
    seen_compressed_ |= large != nullptr && large->elements().compressed_chunk_count() > 0;
  }

  bool seen_large() const { return seen_large_; }
  bool seen_packed() const { return seen_packed_; }
  bool seen_compressed() const { return seen_compressed_; }

 private:
  ListEnd any_end() { return kEnds[rng_.below(2)]; }
  std::size_t any_index() { return rng_.below(model_.size()); }
  auto at(std::size_t index) { return model_.begin() + static_cast<std::ptrdiff_t>(index); }

  std::string any_text() {
    switch (rng_.below(8)) {
      case 0: return "";
      case 1: return std::to_string(static_cast<std::int64_t>(rng_()));
      case 2: return std::string(rng_.below(200), 'x');
      case 3: return rng_.below(40) == 0 ? std::string(9000, 'L') : "-0";
      case 4: return std::to_string(rng_.below(300));
      default: return "again " + std::to_string(rng_.below(4));
    }
  }

  void push() {
    const ListEnd end = any_end();
    Texts texts;
    for (std::size_t n = rng_.below(10) == 0 ? rng_.below(100) + 1 : 1; n > 0; --n) {
      texts.push_back(any_text());
      end == ListEnd::kFront ? model_.push_front(texts.back()) : model_.push_back(texts.back());
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    list_.edit([&](List& list) { list.push(end, views); });
  }

  void pop() {
    const ListEnd end = any_end();
    std::size_t count =
        rng_.below(3) > 0 ? 1 : rng_.below(std::min<std::size_t>(model_.size(), 90));
    if (rng_.below(300) == 0) count = model_.size();
    Texts expected;
    for (std::size_t i = 0; i < count; ++i) {
      const bool front = end == ListEnd::kFront;
      expected.push_back(front ? model_.front() : model_.back());
      front ? model_.pop_front() : model_.pop_back();
    }
    if (rng_.below(2) == 0) return list_.edit([&](List& list) { list.pop(end, count); });
    Texts taken;
    list_.edit([&](List& list) {
      list.take(end, count, [&taken](const PackedElement& e) { taken.push_back(text_of(e)); });
    });
    REQUIRE(taken == expected);
  }

  void replace() {
    const std::size_t index = any_index();
    const std::string text = any_text();
    *at(index) = text;
    list_.edit([&](List& list) { list.replace(index, PackedProbe(text)); });
  }

  void insert() {
    const std::size_t index = rng_.below(model_.size() + 1);
    const std::string text = any_text();
    model_.insert(at(index), text);
    list_.edit([&](List& list) { list.insert(index, PackedProbe(text)); });
  }

  void rotate() {
    const ListEnd from = any_end();
    const ListEnd to = any_end();
    const bool front = from == ListEnd::kFront;
    const std::string text = front ? model_.front() : model_.back();
    front ? model_.pop_front() : model_.pop_back();
    to == ListEnd::kFront ? model_.push_front(text) : model_.push_back(text);
    list_.edit([&](List& list) { list.rotate(from, to); });
  }

  void remove() {
    const std::string text = *at(any_index());
    const std::size_t max_count = rng_.below(3) == 0 ? SIZE_MAX : rng_.below(4);
    const ListEnd from = any_end();
    std::size_t expected = 0;
    if (from == ListEnd::kFront) {
      for (auto it = model_.begin(); it != model_.end() && expected < max_count;) {
        const bool equal = *it == text;
        it = equal ? model_.erase(it) : it + 1;
        expected += equal ? 1 : 0;
      }
    } else {
      for (std::size_t i = model_.size(); i-- > 0 && expected < max_count;) {
        if (*at(i) != text) continue;
        model_.erase(at(i));
        ++expected;
      }
    }
    const std::size_t removed =
        list_.edit([&](List& list) { return list.remove(PackedProbe(text), max_count, from); });
    REQUIRE(removed == expected);
  }

  void trim() {
    const std::size_t first = rng_.below(model_.size() + 1);
    const std::size_t count = rng_.below(model_.size() - first + 1);
    model_ = std::deque<std::string>(at(first), at(first + count));
    list_.edit([&](List& list) { list.trim(first, count); });
  }

  void look() {
    const std::size_t index = any_index();
    REQUIRE(text_of(list_.view().at(index)) == *at(index));
    const ListEnd from = any_end();
    REQUIRE(text_of(list_.view().peek(from)) ==
            (from == ListEnd::kFront ? model_.front() : model_.back()));
    read_range(from, index);
    find(from);
  }

  void read_range(ListEnd from, std::size_t first) {
    const bool forwards = from == ListEnd::kFront;
    const std::size_t count = rng_.below((forwards ? model_.size() - first : first + 1) + 1);
    Texts expected;
    for (std::size_t i = 0; i < count; ++i)
      expected.push_back(*at(forwards ? first + i : first - i));
    Texts read;
    list_.view().for_range(from, first, count,
                           [&read](const PackedElement& e) { read.push_back(text_of(e)); });
    REQUIRE(read == expected);
  }

  void find(ListEnd from) {
    const std::string text = rng_.below(5) == 0 ? any_text() : *at(any_index());
    const std::size_t max_steps = rng_.below(2) == 0 ? SIZE_MAX : rng_.below(model_.size() + 2);
    const std::size_t wanted = rng_.below(4) + 1;
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < std::min(max_steps, model_.size()); ++i) {
      const std::size_t index = from == ListEnd::kFront ? i : model_.size() - 1 - i;
      if (*at(index) == text && expected.size() < wanted) expected.push_back(index);
    }
    std::vector<std::size_t> found;
    list_.view().for_matches(PackedProbe(text), from, max_steps, [&](std::size_t index) {
      found.push_back(index);
      return found.size() < wanted;
    });
    REQUIRE(found == expected);
  }

  const Limits any_limits_;
  const std::size_t typical_size_;
  Rng rng_;
  KeyedList list_;
  std::deque<std::string> model_;
  bool growing_ = true;
  bool seen_large_ = false;
  bool seen_packed_ = false;
  bool seen_compressed_ = false;
};

ListLimits default_limits(Rng&) { return {}; }
ListLimits few_elements(Rng& rng) {
  return {.max_elements = static_cast<std::uint32_t>(rng.below(6) + 1),
          .compress_depth = static_cast<std::uint32_t>(rng.below(3))};
}
ListLimits any_limits(Rng& rng) {
  const auto size = static_cast<std::int64_t>(rng.below(40)) - 6;
  return ListLimits::of_options(size, static_cast<std::int64_t>(rng.below(3)));
}

struct Kind {
  const char* name;
  ModelRun::Limits limits;
  std::size_t typical_size;
};

}  // namespace

TEST_CASE("List: does what a deque does, across encodings and limits") {
  constexpr Kind kKinds[] = {
      {"small", default_limits, 10},        {"around the conversion", default_limits, 40},
      {"large", default_limits, 1000},      {"few elements a chunk", few_elements, 20},
      {"changing limits", any_limits, 300},
  };
  for (const Kind& kind : kKinds) {
    const std::uint64_t seed = std::random_device()();
    CAPTURE(kind.name);
    CAPTURE(seed);
    ModelRun run(kind.limits, kind.typical_size, seed);
    for (int i = 0; i < 6000; ++i) {
      run.step();
      if (i % 50 == 0) run.compare();
    }
    run.compare();
    CHECK(run.seen_packed());
    CHECK((run.seen_large() || kind.typical_size < 20));
    CHECK((run.seen_compressed() || kind.limits == default_limits || kind.limits == few_elements));
  }
}

TEST_CASE("List: the empty list") {
  LooseList list;
  CHECK(list.vacant());
  CHECK(list.view().empty());
  CHECK(contents(list.view()).empty());
  list.view().for_matches(PackedProbe("a"), ListEnd::kBack, 10, [](std::size_t) {
    FAIL("there is nothing to be found");
    return false;
  });
  CHECK(list.edit().remove(PackedProbe("a"), 1, ListEnd::kFront) == 0);
}

TEST_CASE("List: pushes several one after the other") {
  LooseList list;
  const std::string_view texts[] = {"a", "2", "c"};
  list.edit().push(ListEnd::kFront, texts);
  CHECK(contents(list.view()) == Texts{"c", "2", "a"});
  list.edit().push(ListEnd::kBack, texts);
  CHECK(contents(list.view()) == Texts{"c", "2", "a", "a", "2", "c"});
}

TEST_CASE("List: vacates its cell with the last element, in any encoding") {
  for (const std::size_t count : {3U, 300U}) {
    CAPTURE(count);
    LooseList list;
    list.push(count, "element");
    list.edit().pop(ListEnd::kBack, count);
    CHECK(list.vacant());
    list.push(count, "element");
    for (std::size_t i = 0; i < count; ++i) list.edit().pop(ListEnd::kFront);
    CHECK(list.vacant());
    list.push(count, "element");
    CHECK(list.edit().remove(PackedProbe("element"), SIZE_MAX, ListEnd::kBack) == count);
    CHECK(list.vacant());
    list.push(count, "element");
    list.edit().trim(1, 0);
    CHECK(list.vacant());
  }
}

TEST_CASE("List: is packed up to 512 bytes, and again from an eighth of a KiB on") {
  LooseList list;
  list.push(30, "fifteen bytes..");
  CHECK_FALSE(list.large());
  list.push(2, "fifteen bytes..");
  CHECK(list.large());
  list.edit().pop(ListEnd::kFront, 23);
  CHECK(list.large());
  list.edit().pop(ListEnd::kBack);
  CHECK_FALSE(list.large());
  CHECK(contents(list.view()) == Texts(8, "fifteen bytes.."));
}

TEST_CASE("List: becomes large by one element, wherever it is put") {
  const std::string longest(1000, 'x');
  LooseList list;
  list.push(ListEnd::kFront, longest);
  CHECK(list.large());
  list.edit().replace(0, PackedProbe("short"));
  CHECK_FALSE(list.large());
  list.edit().replace(0, PackedProbe(longest));
  CHECK(list.large());
  list.edit().replace(0, PackedProbe("short"));
  list.edit().insert(1, PackedProbe(longest));
  CHECK(list.large());
  CHECK(contents(list.view()) == Texts{"short", longest});
  list.edit().rotate(ListEnd::kBack, ListEnd::kFront);
  CHECK(contents(list.view()) == Texts{longest, "short"});
}

TEST_CASE("List: is in one node up to so many elements, and again from half of them on") {
  LooseList list({.max_elements = 8});
  list.push(8, "e");
  CHECK_FALSE(list.view().spans_nodes());
  list.push(1, "e");
  CHECK(list.view().spans_nodes());
  list.edit().pop(ListEnd::kBack, 4);
  CHECK(list.view().spans_nodes());
  list.edit().pop(ListEnd::kFront);
  CHECK_FALSE(list.view().spans_nodes());
  CHECK_FALSE(list.large());
}

TEST_CASE("List: is in one node up to so many bytes, and again from half of them on") {
  LooseList list({.max_bytes = 4096});
  // What Redis takes for each is 100 bytes, and 7 for all.
  list.push(40, std::string(98, 'x'));
  CHECK(list.large());
  CHECK_FALSE(list.view().spans_nodes());
  list.push(1, std::string(98, 'x'));
  CHECK(list.view().spans_nodes());
  list.edit().trim(10, 21);
  CHECK(list.view().spans_nodes());
  list.edit().trim(1, 20);
  CHECK_FALSE(list.view().spans_nodes());
  CHECK(list.large());
}

TEST_CASE("List: what is replaced counts beside what replaces it") {
  LooseList list({.max_elements = 4});
  list.push(4, "e");
  list.edit().replace(1, PackedProbe("f"));
  CHECK(list.view().spans_nodes());
  list.edit().pop(ListEnd::kBack, 2);
  CHECK_FALSE(list.view().spans_nodes());
  list.edit().replace(1, PackedProbe("g"));
  CHECK_FALSE(list.view().spans_nodes());
  CHECK(contents(list.view()) == Texts{"e", "g"});
}

TEST_CASE("List: a copy has the same elements, and is of the same kind") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  const ListLimits limits{.max_elements = 10, .compress_depth = 1};
  for (std::size_t i = 0; i < 200; ++i) {
    List(cell, limits).push(ListEnd::kBack, PackedProbe("element " + std::to_string(i % 7)));
  }
  DetachedCell copy(heap);
  copy.put_large(cell.large()->clone());
  CHECK(contents(ListView(copy.view())) == contents(ListView(cell.view())));
  CHECK(ListView(copy.view()).spans_nodes());
  List(copy, limits).pop(ListEnd::kFront, 100);
  CHECK(ListView(cell.view()).size() == 200);
}

TEST_CASE("LargeList: is dismantled in slices") {
  ObjectHeap heap;
  LargeList list(heap, {.max_elements = 100});
  for (std::size_t i = 0; i < 10'000; ++i) list.elements().push(ListEnd::kBack, PackedProbe("e"));
  CHECK(list.dismantle(2500));
  CHECK(list.size() == 7500);
  int slices = 1;
  while (list.dismantle(2500)) ++slices;
  CHECK(slices == 3);
  CHECK_FALSE(list.dismantle(2500));
}

TEST_CASE("LargeList: a 12-byte element costs 14 bytes at most") {
  ObjectHeap heap;
  LargeList list(heap, {});
  constexpr std::size_t kElements = 200'000;
  for (std::size_t i = 0; i < kElements; ++i) {
    std::string text = std::to_string(1'000'000 + i);
    list.elements().push(i % 2 == 0 ? ListEnd::kFront : ListEnd::kBack,
                         PackedProbe("user:" + text));
  }
  CHECK(list.memory_bytes() <= kElements * 14);
}

}  // namespace tarn
