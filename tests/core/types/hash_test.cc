#include "core/types/hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/types/detached_cell.h"

namespace tarn {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

struct Content {
  std::string value;
  std::int64_t deadline_ms = kNoDeadline;
  bool operator==(const Content&) const = default;
};
using Model = std::map<std::string, Content>;

Model content_of(const HashView& hash) {
  Model model;
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t deadline_ms) {
    const bool fresh = model.emplace(field, Content{std::string(value), deadline_ms}).second;
    CHECK(fresh);
  });
  return model;
}

// A hash beside a map that says what must be in it, on a clock of their own.
class Pair {
 public:
  Pair(HashLimits limits, std::uint64_t seed) : limits_(limits), rng_(seed) {}
  ~Pair() {
    if (!cell_.vacant()) cell_.vacate();
  }

  void step() {
    open();
    switch (rng_.below(10)) {
      case 0:
      case 1:
      case 2: return set();
      case 3: return set_many();
      case 4: return erase();
      case 5:
      case 6: return set_deadline();
      case 7: return read();
      case 8: return erase_many();
      default: now_ms_ += static_cast<std::int64_t>(rng_.below(30));
    }
  }

  void compare() {
    open();
    const HashView view = hash().view();
    CHECK(cell_.vacant() == model_.empty());
    CHECK(view.size() == model_.size());
    CHECK(content_of(view) == model_);
    if (view.is_large()) {
      static_cast<const LargeHash*>(cell_.large())->check();
    } else if (view.encoding() == CollectionEncoding::kPackedExpiring) {
      std::int64_t earliest_ms = FieldWakeup::kNever;
      for (const auto& [field, content] : model_) {
        if (content.deadline_ms != kNoDeadline) {
          earliest_ms = std::min(earliest_ms, content.deadline_ms);
        }
      }
      CHECK(view.wakeup().ms == earliest_ms);
    }
  }

  bool large() const { return !cell_.vacant() && cell_.encoding() == CollectionEncoding::kLarge; }
  std::size_t size() const { return model_.size(); }

 private:
  Hash hash() { return Hash(cell_, limits_); }

  // As the keyspace does: what is due goes, of a large hash only a part; none of it is seen.
  void open() {
    hash().expire(now_ms_, rng_.below(4));
    std::erase_if(model_, [&](const auto& entry) {
      return entry.second.deadline_ms != kNoDeadline && entry.second.deadline_ms <= now_ms_;
    });
  }

  std::string any_field() {
    const std::uint64_t n = rng_.below(60);
    if (n % 4 == 0) return std::to_string(n);
    return "field-" + std::string(n % 7 == 0 ? 130 : n % 5, 'x') + std::to_string(n);
  }
  std::string any_value() {
    switch (rng_.below(6)) {
      case 0: return "";
      case 1: return std::to_string(static_cast<std::int64_t>(rng_()));
      case 2: return std::string(rng_.below(400), 'v');
      default: return std::to_string(rng_.below(200));
    }
  }
  std::int64_t any_deadline() {
    switch (rng_.below(3)) {
      case 0: return kNoDeadline;
      case 1: return now_ms_ + 40;  // many at the same time
      default: return now_ms_ + 1 + static_cast<std::int64_t>(rng_.below(200));
    }
  }

  void put(const std::string& field, const std::string& value, std::int64_t deadline_ms) {
    Content& content = model_[field];
    content.value = value;
    if (deadline_ms != kKeepDeadline) content.deadline_ms = deadline_ms;
  }

  void set() {
    const std::string field = any_field();
    const std::string value = any_value();
    const std::int64_t deadline_ms = rng_.below(3) == 0 ? kKeepDeadline : any_deadline();
    CHECK(hash().set(field, value, deadline_ms) == !model_.contains(field));
    put(field, value, deadline_ms);
  }
  void set_many() {
    std::vector<std::string> words;
    const std::int64_t deadline_ms = any_deadline();
    const std::size_t before = model_.size();
    for (std::uint64_t n = 1 + rng_.below(40); n > 0; --n) {
      words.push_back(any_field());
      words.push_back(any_value());
      put(words[words.size() - 2], words.back(), deadline_ms);
    }
    const std::vector<std::string_view> pairs(words.begin(), words.end());
    CHECK(hash().set_all(pairs, deadline_ms) == model_.size() - before);
  }
  void erase() {
    const std::string field = any_field();
    CHECK(hash().erase(field) == (model_.erase(field) > 0));
  }
  void erase_many() {
    std::vector<std::string> words;
    std::size_t erased = 0;
    for (std::uint64_t n = rng_.below(30); n > 0; --n) {
      words.push_back(any_field());
      erased += model_.erase(words.back());
    }
    const std::vector<std::string_view> fields(words.begin(), words.end());
    if (!cell_.vacant()) CHECK(hash().erase_all(fields) == erased);
  }
  void set_deadline() {
    const std::string field = any_field();
    const std::int64_t deadline_ms = any_deadline();
    CHECK(hash().set_deadline(field, deadline_ms) == model_.contains(field));
    if (model_.contains(field)) model_[field].deadline_ms = deadline_ms;
  }
  void read() {
    std::vector<std::string> words;
    for (std::uint64_t n = 1 + rng_.below(40); n > 0; --n) words.push_back(any_field());
    const std::vector<std::string_view> fields(words.begin(), words.end());
    const HashView view = hash().view();
    std::size_t at = 0;
    view.get_each(fields, [&](std::optional<std::string_view> value) {
      const auto known = model_.find(words[at++]);
      CHECK(value.has_value() == (known != model_.end()));
      if (value && known != model_.end()) CHECK(*value == known->second.value);
    });
    CHECK(at == words.size());
    const auto known = model_.find(words[0]);
    HashView::Scratch scratch;
    CHECK(view.contains(words[0]) == (known != model_.end()));
    CHECK(view.get(words[0], scratch).has_value() == (known != model_.end()));
    CHECK(view.deadline_ms(words[0]).has_value() == (known != model_.end()));
    if (known != model_.end()) CHECK(view.deadline_ms(words[0]) == known->second.deadline_ms);
  }

  ObjectHeap heap_;
  DetachedCell cell_{heap_};
  HashLimits limits_;
  Rng rng_;
  std::int64_t now_ms_ = kStart;
  Model model_;
};

void fill(Hash& hash, int fields) {
  for (int i = 0; i < fields; ++i) hash.set("field" + std::to_string(i), std::to_string(i));
}

constexpr HashLimits kAlwaysLarge{.max_packed_entries = 0, .max_packed_value_bytes = 64};
constexpr HashLimits kAlwaysPacked{.max_packed_entries = 100'000, .max_packed_value_bytes = 1000};

}  // namespace

TEST_CASE("a hash does what a map does, in every encoding and across conversions") {
  for (const HashLimits limits :
       {HashLimits{}, HashLimits{8, 64}, HashLimits{30, 399}, kAlwaysLarge, kAlwaysPacked}) {
    for (int run = 0; run < 4; ++run) {
      const std::uint64_t seed = std::random_device()();
      CAPTURE(seed);
      CAPTURE(limits.max_packed_entries);
      Pair pair(limits, seed);
      for (int i = 0; i < 600; ++i) {
        pair.step();
        if (i % 20 == 0) pair.compare();
      }
      pair.compare();
    }
  }
}

TEST_CASE("a field of a large hash takes what it says") {
  char memory[600];
  const std::string eight(8, 'f');
  CHECK(HashField::bytes_for(eight, eight, kNoDeadline) == 18);
  CHECK(HashField::bytes_for(eight, eight, kStart) == 24);
  for (const std::size_t field_bytes : {0U, 1U, 126U, 127U, 128U, 300U}) {
    for (const std::size_t value_bytes : {0U, 127U, 128U, 200U}) {
      for (const std::int64_t deadline_ms : {kNoDeadline, kStart, HashField::kMaxDeadlineMs}) {
        const std::string field(field_bytes, 'f');
        const std::string value(value_bytes, 'v');
        const HashField* element = HashField::construct(memory, field, value, deadline_ms);
        CHECK(element->field() == field);
        CHECK(element->value() == value);
        CHECK(element->deadline_ms() == deadline_ms);
        CHECK(element->has_deadline() == (deadline_ms != kNoDeadline));
        CHECK(element->bytes() == HashField::bytes_for(field, value, deadline_ms));
      }
    }
  }
}

TEST_CASE("a few fields, one of them long, take less than redis-server's 110 bytes each") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  const HashLimits limits{.max_packed_entries = 128, .max_packed_value_bytes = 64};
  Hash hash(cell, limits);
  for (int i = 0; i < 9; ++i) hash.set("field" + std::to_string(i), "value of eight");
  hash.set("field9", std::string(100, 'v'));
  REQUIRE(cell.encoding() == CollectionEncoding::kLarge);
  MESSAGE("bytes of ten fields: ", cell.large()->memory_bytes());
  CHECK(cell.large()->memory_bytes() <= 1100);
}

TEST_CASE("a hash becomes large when it exceeds a limit, and stays so") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  const HashLimits limits{.max_packed_entries = 4, .max_packed_value_bytes = 10};
  Hash hash(cell, limits);

  fill(hash, 4);
  CHECK(cell.encoding() == CollectionEncoding::kPacked);
  SUBCASE("too many fields") { hash.set("one-more", ""); }
  SUBCASE("a long value") { hash.set("field0", "more than ten"); }
  SUBCASE("a long field") { hash.set("more than ten", "1"); }
  SUBCASE("too many with deadlines") {
    CHECK(hash.set_deadline("field0", kStart));
    CHECK(cell.encoding() == CollectionEncoding::kPackedExpiring);
    hash.set("one-more", "");
    CHECK(hash.view().deadline_ms("field0") == kStart);
    CHECK(hash.view().wakeup().ms == kStart);
  }
  CHECK(cell.encoding() == CollectionEncoding::kLarge);
  CHECK(hash.view().contains("field3"));
  hash.erase("one-more");
  hash.erase("field1");
  CHECK(cell.encoding() == CollectionEncoding::kLarge);
}

TEST_CASE("numbers come back as the bytes that they were") {
  ObjectHeap heap;
  for (const HashLimits& limits : {kAlwaysLarge, kAlwaysPacked}) {
    DetachedCell cell(heap);
    Hash hash(cell, limits);
    HashView::Scratch scratch;
    for (const std::string text : {"0", "-0", "007", "127", "-9223372036854775808", "1.0", "", "+1",
                                   "9223372036854775808", " 1"}) {
      hash.set(text, text);
      CHECK(hash.view().get(text, scratch) == text);
    }
    CHECK(hash.view().size() == 10);
  }
}

TEST_CASE("an emptied hash leaves no value") {
  ObjectHeap heap;
  for (const HashLimits& limits : {kAlwaysLarge, kAlwaysPacked}) {
    DetachedCell cell(heap);
    Hash hash(cell, limits);
    CHECK(hash.set("f", "v", kStart));
    CHECK(hash.expire(kStart - 1, 10) == 0);
    CHECK(hash.expire(kStart, 10) == 1);
    CHECK(cell.vacant());
    CHECK(hash.set("f", "v"));
    CHECK(hash.erase("f"));
    CHECK(cell.vacant());
    CHECK(!hash.erase("f"));
    CHECK(!hash.set_deadline("f", kStart));
  }
}

TEST_CASE("a clone of a large hash is one of its own") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  DetachedCell copied(heap);
  Hash hash(cell, kAlwaysLarge);
  fill(hash, 2000);
  for (int i = 0; i < 2000; i += 3) hash.set_deadline("field" + std::to_string(i), kStart + i);
  copied.put_large(cell.large()->clone());
  Hash copy(copied, kAlwaysLarge);
  CHECK(content_of(copy.view()) == content_of(hash.view()));
  CHECK(copy.view().wakeup().ms == kStart);
  hash.erase("field1");
  CHECK(copy.view().contains("field1"));
  copy.expire(kStart + 1000, 100);
  CHECK(hash.view().size() == 1999);
  CHECK(copy.view().size() == 2000 - 334);
  static_cast<const LargeHash*>(copied.large())->check();
}

TEST_CASE("a mass expiry goes in slices, and nobody sees what is left of it") {
  constexpr int kFields = 20'000;
  const std::uint64_t seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const std::uint64_t spread : {1U, 50U, 5'000'000U}) {
    CAPTURE(spread);
    ObjectHeap heap;
    DetachedCell cell(heap);
    Hash hash(cell, kAlwaysLarge);
    std::vector<std::int64_t> deadlines;
    for (int i = 0; i < kFields; ++i) {
      const bool stays = i % 4 == 0;
      deadlines.push_back(kStart + static_cast<std::int64_t>(rng.below(spread)));
      hash.set(std::to_string(i), "v", stays ? kNoDeadline : deadlines.back());
      if (stays) deadlines.pop_back();
    }
    std::sort(deadlines.begin(), deadlines.end());
    auto& large = static_cast<LargeHash&>(*cell.large());
    large.check();
    for (const std::int64_t part : {10, 4, 2, 1}) {
      const std::int64_t now_ms = kStart + static_cast<std::int64_t>(spread) / part;
      const auto due = static_cast<std::size_t>(
          std::upper_bound(deadlines.begin(), deadlines.end(), now_ms) - deadlines.begin());
      std::size_t slices = 0;
      do {
        hash.expire(now_ms, 700);
        CHECK(large.size() == kFields - due);
        if (++slices % 8 == 0) large.check();
      } while (large.wakeup().due(now_ms));
      CHECK(large.size_with_ghosts() == large.size());
      large.check();
    }
    CHECK(large.deadlines() == 0);
    CHECK(large.wakeup().ms == FieldWakeup::kNever);
  }
}

TEST_CASE("a ghost is as good as gone") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  Hash hash(cell, kAlwaysLarge);
  for (int i = 0; i < 1000; ++i) hash.set(std::to_string(i), "old", kStart + i % 2);
  hash.set("stays", "v");
  hash.expire(kStart + 1, 16);
  auto& large = static_cast<LargeHash&>(*cell.large());
  REQUIRE(large.size_with_ghosts() > 900);
  CHECK(large.size() == 1);
  CHECK(content_of(hash.view()).size() == 1);
  std::string ghost;
  for (int i = 0; i < 1000 && ghost.empty(); ++i) {
    const std::size_t before = large.size_with_ghosts();
    if (hash.set(std::to_string(i), "new", kKeepDeadline) && large.size_with_ghosts() == before) {
      ghost = std::to_string(i);
    }
  }
  CHECK(hash.view().deadline_ms(ghost) == kNoDeadline);
  HashView::Scratch scratch;
  CHECK(hash.view().get(ghost, scratch) == "new");
  large.check();
  Rng rng;
  std::set<std::string> sampled;
  hash.view().sample(10, rng,
                     [&](std::string_view field, std::string_view) { sampled.emplace(field); });
  CHECK(sampled.size() == large.size());
}

TEST_CASE("a clock that goes back brings ghosts back") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  Hash hash(cell, kAlwaysLarge);
  for (int i = 0; i < 1000; ++i) hash.set(std::to_string(i), "v", kStart + i);
  auto& large = static_cast<LargeHash&>(*cell.large());
  const std::size_t erased = hash.expire(kStart + 500, 16);
  CHECK(large.size() == 499);
  hash.expire(kStart + 100, 0);
  large.check();
  CHECK(large.size() <= 899);
  CHECK(large.size() >= 899 - erased);
  hash.expire(kStart + 500, 1000);
  CHECK(large.size() == 499);
  large.check();
}

TEST_CASE("deadlines that are pushed back leave little behind") {
  ObjectHeap heap;
  DetachedCell cell(heap);
  Hash hash(cell, kAlwaysLarge);
  fill(hash, 1000);
  const auto& large = static_cast<const LargeHash&>(*cell.large());
  const std::size_t before = large.memory_bytes();
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 1000; ++i) {
      if (round > 0 && i % 100 == 0) continue;  // some are not
      hash.set_deadline("field" + std::to_string(i), kStart + round * 1000 + i);
    }
  }
  large.check();
  CHECK(large.memory_bytes() < before + 1000 * 20);
}

TEST_CASE("a random field is any of them with the same probability") {
  constexpr int kFields = 20;
  constexpr int kDraws = 20'000;
  const std::uint64_t seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const HashLimits& limits : {kAlwaysLarge, kAlwaysPacked}) {
    ObjectHeap heap;
    DetachedCell cell(heap);
    Hash hash(cell, limits);
    fill(hash, kFields);
    std::map<std::string, double> drawn;
    std::map<std::string, double> sampled;
    hash.view().draw(kDraws, rng,
                     [&](std::string_view f, std::string_view) { ++drawn[std::string(f)]; });
    for (int i = 0; i < kDraws / 4; ++i) {
      hash.view().sample(4, rng,
                         [&](std::string_view f, std::string_view) { ++sampled[std::string(f)]; });
    }
    for (const auto& counts : {drawn, sampled}) {
      constexpr double kExpected = double{kDraws} / kFields;
      double chi_square = 0;
      for (const auto& [field, count] : counts) {
        chi_square += (count - kExpected) * (count - kExpected) / kExpected;
      }
      CHECK(counts.size() == kFields);
      CHECK(chi_square < 60);  // 19 degrees of freedom: once in 300,000 runs
    }
  }
}

TEST_CASE("a sample has no field twice, and all where as many are asked for") {
  Rng rng;
  for (const HashLimits& limits : {kAlwaysLarge, kAlwaysPacked}) {
    ObjectHeap heap;
    DetachedCell cell(heap);
    Hash hash(cell, limits);
    fill(hash, 100);
    for (const std::size_t count : {0U, 1U, 20U, 60U, 100U, 1000U}) {
      std::set<std::string> fields;
      std::size_t seen = 0;
      hash.view().sample(count, rng, [&](std::string_view f, std::string_view) {
        fields.emplace(f);
        ++seen;
      });
      CHECK(seen == std::min<std::size_t>(count, 100));
      CHECK(fields.size() == seen);
    }
  }
}

TEST_CASE("FieldWakeup is eight bytes") {
  char bytes[FieldWakeup::kBytes];
  for (const FieldWakeup wakeup :
       {FieldWakeup(), FieldWakeup{kStart, 7, true}, FieldWakeup{0, 0xfffe, false}}) {
    wakeup.save(bytes);
    const FieldWakeup loaded = FieldWakeup::load(bytes);
    CHECK(loaded.ms == wakeup.ms);
    CHECK(loaded.ticket == wakeup.ticket);
    CHECK(loaded.changed == wakeup.changed);
  }
  CHECK(!FieldWakeup().due(FieldWakeup::kNever));
}

}  // namespace tarn
