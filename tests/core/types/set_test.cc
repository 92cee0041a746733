#include "core/types/set.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "tests/core/types/set_fixture.h"

using namespace tarn;

namespace {

using Encoding = CollectionEncoding;

std::string numbered(std::string_view prefix, std::size_t number) {
  return std::string(prefix) + std::to_string(number);
}

// Members of all kinds, near each other, so that many are met again.
std::string any_member(Rng& rng) {
  static const std::vector<std::string> kOdd = {
      "",
      "-0",
      "+1",
      "007",
      " 1",
      "1.0",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "70368744177663",   // the largest of 47 bits
      "70368744177664",   // the first that is an allocation
      "-70368744177664",  // the smallest of 47 bits
      "-70368744177665",
      std::string(63, 'a'),
      std::string(64, 'a'),
      std::string(65, 'a'),
      std::string(8191, 'b'),
      std::string(8192, 'b'),
      std::string("\0\n", 2),
  };
  switch (rng.below(4)) {
    case 0: return kOdd[rng.below(kOdd.size())];
    case 1: return std::to_string(static_cast<std::int64_t>(rng.below(200)) - 100);
    case 2: return numbered("member:", rng.below(300));
    default: return std::to_string(static_cast<std::int64_t>(rng.below(40) << 40));
  }
}

std::string small_integer(Rng& rng) {
  return std::to_string(static_cast<std::int64_t>(rng.below(600)) - 300);
}

using Draw = std::string (*)(Rng&);

// A set beside the simplest thing that does the same.
class ModelRun {
 public:
  ModelRun(CollectionCell& cell, const SetLimits& limits, Rng& rng, Draw draw)
      : cell_(cell), set_(cell, limits), rng_(rng), draw_(draw) {}

  void step() {
    switch (rng_.below(12)) {
      case 0:
      case 1:
      case 2: return add_one();
      case 3: return add_many();
      case 4:
      case 5: return remove_one();
      case 6: return remove_many();
      case 7: return pop();
      case 8: return add_batch();
      default: return look();
    }
  }

  void check() const {
    CHECK(cell_.vacant() == model_.empty());
    CHECK(set_.size() == model_.size());
    CHECK(members_of(set_.view()) == model_);
  }

 private:
  void add_one() {
    const std::string text = draw_(rng_);
    CHECK(set_.add(SetMember(text)) == model_.insert(text).second);
  }
  void add_many() {
    const std::vector<std::string> texts = some(100);
    std::size_t added = 0;
    for (const std::string& text : texts) added += model_.insert(text).second ? 1 : 0;
    CHECK(set_.add(views_of(texts)) == added);
  }
  void remove_one() {
    const std::string text = draw_(rng_);
    CHECK(set_.remove(SetMember(text)) == (model_.erase(text) == 1));
  }
  void remove_many() {
    const std::vector<std::string> texts = some(150);
    std::size_t removed = 0;
    for (const std::string& text : texts) removed += model_.erase(text);
    CHECK(set_.remove(views_of(texts)) == removed);
  }
  void add_batch() {
    const std::vector<std::string> texts = some(MemberBatch::kCapacity);
    MemberBatch batch;
    MemberBatch::Mask fresh = 0;
    for (const std::string& text : texts) {
      fresh |= MemberBatch::Mask{model_.insert(text).second} << batch.size();
      batch.push(SetMember(text));
    }
    CHECK(set_.add(batch) == fresh);
  }
  void pop() {
    const std::size_t count = rng_.below(rng_.below(8) == 0 ? 500 : 20);
    const std::size_t expected = std::min(count, model_.size());
    std::size_t popped = 0;
    set_.pop(count, rng_, [&](const SetMember& member) {
      CHECK(model_.erase(text_of(member)) == 1);
      ++popped;
    });
    CHECK(popped == expected);
  }
  void look() {
    const std::vector<std::string> texts = some(MemberBatch::kCapacity);
    MemberBatch batch;
    MemberBatch::Mask present = 0;
    for (const std::string& text : texts) {
      present |= MemberBatch::Mask{model_.contains(text)} << batch.size();
      batch.push(SetMember(text));
      CHECK(set_.view().contains(SetMember(text)) == model_.contains(text));
    }
    CHECK(set_.view().contains(batch) == present);
  }

  std::vector<std::string> some(std::size_t max) {
    std::vector<std::string> texts(1 + rng_.below(max));
    for (std::string& text : texts) text = draw_(rng_);
    return texts;
  }

  CollectionCell& cell_;
  Set set_;
  Rng& rng_;
  Draw draw_;
  Members model_;
};

Encoding encoding_after(const SetLimits& limits, const std::vector<std::string>& texts) {
  ObjectHeap heap;
  LooseSet set(heap, limits);
  for (const std::string& text : texts) set->add(SetMember(text));
  return set.view().encoding();
}

std::vector<std::string> numbers(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

}  // namespace

TEST_CASE("a member is an integer where it is spelled like one") {
  CHECK(SetMember("12").is_integer());
  CHECK(SetMember("12") == SetMember(12));
  CHECK(SetMember("12").hash() == SetMember(12).hash());
  CHECK_FALSE(SetMember("012").is_integer());
  CHECK_FALSE(SetMember("012") == SetMember(12));
  for (const char* text : {"0", "7", "-7", "10", "-9223372036854775808", "9223372036854775807"}) {
    CAPTURE(text);
    CHECK(SetMember(text).text_bytes() == std::string(text).size());
    CHECK(text_of(SetMember(text)) == text);
  }
}

TEST_CASE("a batch keeps members and the hashes that it knows") {
  MemberBatch batch;
  for (std::int64_t i = 0; i < 64; ++i) batch.push(SetMember(i));
  CHECK(batch.full());
  CHECK(batch.all() == ~MemberBatch::Mask{0});
  batch.hashes();
  batch.keep(0xf0);
  REQUIRE(batch.size() == 4);
  batch.push(SetMember(100));
  batch.keep(0b11001);
  REQUIRE(batch.size() == 3);
  const std::int64_t expected[] = {4, 7, 100};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(batch[i].integer() == expected[i]);
    CHECK(batch.hashes()[i] == SetMember(expected[i]).hash());
  }
}

TEST_CASE("a set is as its model, in every encoding and from one to the next") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  struct Kind {
    SetLimits limits;
    Draw draw;
  };
  const Kind kinds[] = {
      {kDefaultLimits, any_member}, {kAlwaysLarge, any_member},      {kAlwaysPacked, any_member},
      {{20, 40, 64}, any_member},   {kDefaultLimits, small_integer}, {kAlwaysLarge, small_integer},
      {kAlwaysInts, small_integer}, {{50, 100, 3}, small_integer},
  };
  for (const Kind& kind : kinds) {
    ObjectHeap heap;
    {
      DetachedCell cell(heap);
      ModelRun run(cell, kind.limits, rng, kind.draw);
      for (int i = 0; i < 300; ++i) {
        run.step();
        if (i % 10 == 0) run.check();
      }
      run.check();
    }
    CHECK(heap.slabs().bytes_in_use() == 0);
    CHECK(heap.outside_objects() == 0);
  }
}

TEST_CASE("a set is as its model in the keyspace, where values move") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  FakeClock clock;
  Databases databases(clock, 1);
  const Key key("set");
  CollectionEdit edit(databases[0], key, Type::kSet);
  ModelRun run(edit, {30, 60, 64}, rng, any_member);
  for (int i = 0; i < 500; ++i) {
    run.step();
    if (i % 5 == 0) run.check();
    CHECK(databases[0].contains(key) == !edit.vacant());
  }
}

TEST_CASE("the first member decides the encoding, and how many are given with it") {
  CHECK(encoding_after({}, {"1"}) == Encoding::kIntSet);
  CHECK(encoding_after({}, {"a"}) == Encoding::kPacked);
  CHECK(encoding_after({}, {"01"}) == Encoding::kPacked);
  CHECK(encoding_after({0, 128, 64}, {"1"}) == Encoding::kPacked);
  CHECK(encoding_after({0, 0, 64}, {"1"}) == Encoding::kLarge);
  CHECK(encoding_after({512, 0, 64}, {"a"}) == Encoding::kLarge);
  CHECK(encoding_after({}, {std::string(64, 'a')}) == Encoding::kPacked);
  CHECK(encoding_after({}, {std::string(65, 'a')}) == Encoding::kLarge);

  ObjectHeap heap;
  const std::vector<std::string> same(5, "1");
  LooseSet ints(heap, {4, 5, 64});
  CHECK(ints->add(views_of(same)) == 1);
  CHECK(ints.view().encoding() == Encoding::kPacked);
  LooseSet packed(heap, {4, 4, 64});
  CHECK(packed->add(views_of(same)) == 1);
  CHECK(packed.view().encoding() == Encoding::kLarge);
}

TEST_CASE("room is made for all that are given to a set, also for those it has") {
  ObjectHeap heap;
  const std::vector<std::string> same(5, "1");
  for (const SetLimits& limits : {SetLimits{4, 0, 64}, SetLimits{0, 4, 64}}) {
    LooseSet set(heap, limits);
    set->add(SetMember("1"));
    CHECK_FALSE(set.view().is_large());
    CHECK(set->add(views_of(same)) == 0);
    CHECK(set.view().is_large());
  }
}

TEST_CASE("integers go on as a packed list, or as a large set") {
  std::vector<std::string> texts = numbers(512);
  CHECK(encoding_after({}, texts) == Encoding::kIntSet);
  texts.push_back("512");
  CHECK(encoding_after({}, texts) == Encoding::kLarge);

  texts = numbers(127);
  texts.push_back("a");
  CHECK(encoding_after({}, texts) == Encoding::kPacked);
  texts.push_back("b");
  CHECK(encoding_after({}, texts) == Encoding::kLarge);

  texts = numbers(128);
  texts.push_back("a");
  CHECK(encoding_after({}, texts) == Encoding::kLarge);
  CHECK(encoding_after({}, {"1", std::string(65, 'a')}) == Encoding::kLarge);
  CHECK(encoding_after({512, 128, 3}, {"100", "a"}) == Encoding::kPacked);
  CHECK(encoding_after({512, 128, 3}, {"1000", "a"}) == Encoding::kLarge);
  CHECK(encoding_after({512, 128, 3}, {"-100", "a"}) == Encoding::kLarge);
}

TEST_CASE("a packed list goes on as a large set") {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 128; ++i) texts.push_back(numbered("m", i));
  CHECK(encoding_after({}, texts) == Encoding::kPacked);
  texts.push_back("m");
  CHECK(encoding_after({}, texts) == Encoding::kLarge);
  CHECK(encoding_after({}, {"a", std::string(64, 'a')}) == Encoding::kPacked);
  CHECK(encoding_after({}, {"a", std::string(65, 'a')}) == Encoding::kLarge);
  // A number counts as the text that it is.
  CHECK(encoding_after({512, 128, 3}, {"a", "1000"}) == Encoding::kLarge);
}

TEST_CASE("no encoding is left because members go, but for what pop leaves of a large set") {
  ObjectHeap heap;
  LooseSet set(heap);
  set->add(views_of(numbers(600)));
  REQUIRE(set.view().encoding() == Encoding::kLarge);
  for (int i = 0; i < 590; ++i) set->remove(SetMember(i));
  CHECK(set.view().encoding() == Encoding::kLarge);

  Rng rng(1);
  set->pop(8, rng, [](const SetMember&) {});
  CHECK(set.view().encoding() == Encoding::kLarge);
  set->add(views_of(numbers(600)));
  set->pop(595, rng, [](const SetMember&) {});
  CHECK(set.view().encoding() == Encoding::kIntSet);
  CHECK(set.view().size() == 5);
}

TEST_CASE("a copy of a large set is a set of its own") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  ObjectHeap heap;
  LooseSet set(heap, kAlwaysLarge);
  for (int i = 0; i < 3000; ++i) set->add(SetMember(any_member(rng)));
  const Members members = members_of(set.view());
  const auto& original = static_cast<LargeSet&>(*set.cell().large());
  {
    DetachedCell cell(heap);
    cell.put_large(original.clone());
    CHECK(cell.large()->size() == members.size());
    Set copy(cell, kAlwaysLarge);
    CHECK(members_of(copy.view()) == members);
    for (int i = 0; i < 100; ++i) copy.remove(SetMember(any_member(rng)));
  }
  CHECK(members_of(set.view()) == members);
}

TEST_CASE("a large set is taken down a slice at a time") {
  ObjectHeap heap;
  auto* set = new LargeSet(heap);
  for (std::size_t i = 0; i < 5000; ++i) set->add(SetMember(numbered("member:", i)));
  CHECK(set->memory_bytes() > 5000 * 16);
  int slices = 1;
  while (set->dismantle(700)) ++slices;
  delete set;
  CHECK(slices >= 3);
  CHECK(heap.slabs().bytes_in_use() == 0);
}

TEST_CASE("a scan returns all that are there from its first step to its last") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const int growth : {-1, 0, 1}) {
    ObjectHeap heap;
    LooseSet set(heap, kAlwaysLarge);
    for (std::size_t i = 0; i < 2000; ++i) set->add(SetMember(numbered("stays:", i)));
    for (std::size_t i = 0; i < 2000; ++i) set->add(SetMember(numbered("goes:", i)));
    Members seen;
    std::uint64_t cursor = 0;
    std::size_t steps = 0;
    do {
      cursor = set.view().scan(cursor,
                               [&seen](const SetMember& member) { seen.insert(text_of(member)); });
      ++steps;
      if (growth < 0) set->remove(SetMember(numbered("goes:", rng.below(2000))));
      for (int i = 0; i < 10 * growth; ++i) set->add(SetMember(numbered("comes:", rng())));
    } while (cursor != 0);
    for (std::size_t i = 0; i < 2000; ++i) CHECK(seen.contains(numbered("stays:", i)));
    CHECK(steps > 100);
  }
}

TEST_CASE("a scan of a small set is one step, wherever it is told to begin") {
  ObjectHeap heap;
  for (const SetLimits& limits : {kAlwaysPacked, kAlwaysInts}) {
    LooseSet set(heap, limits, {"1", "2", "3"});
    for (const std::uint64_t cursor : {std::uint64_t{0}, std::uint64_t{77}}) {
      Members seen;
      CHECK(set.view().scan(
                cursor, [&seen](const SetMember& member) { seen.insert(text_of(member)); }) == 0);
      CHECK(seen == Members{"1", "2", "3"});
    }
  }
}
