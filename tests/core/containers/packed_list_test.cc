#include "core/containers/packed_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn {
namespace {

using Rng = std::mt19937_64;
using Texts = std::vector<std::string>;

// A store that moves everything with every splice, into an allocation of just that size: whatever
// is kept across an edit, or read beyond the bytes, shows.
class RestlessStore {
 public:
  RestlessStore() : bytes_(std::make_unique<char[]>(2)), size_(2) {}

  std::string_view bytes() const { return {bytes_.get(), size_}; }
  PackedList list() const { return PackedList(bytes()); }
  char* data() { return bytes_.get(); }
  char* splice(std::size_t offset, std::size_t removed_bytes, std::size_t inserted_bytes) {
    REQUIRE(offset + removed_bytes <= size_);
    const std::size_t size = size_ - removed_bytes + inserted_bytes;
    std::unique_ptr<char[]> moved(new char[size]);
    std::copy_n(bytes_.get(), offset, moved.get());
    std::copy_n(bytes_.get() + offset + removed_bytes, size_ - offset - removed_bytes,
                moved.get() + offset + inserted_bytes);
    bytes_ = std::move(moved);
    size_ = size;
    ++splices_;
    return bytes_.get() + offset;
  }
  int splices() const { return splices_; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
  int splices_ = 0;
};

std::string text_of(const PackedElement& element) {
  PackedElement::Scratch scratch;
  return std::string(element.text(scratch));
}

Texts texts_of(const PackedList& list) {
  Texts texts;
  for (const PackedElement& element : list.elements()) texts.push_back(text_of(element));
  return texts;
}

PackedString list_of(const Texts& texts) {
  PackedString list;
  for (const std::string& text : texts) list.append(PackedProbe(text));
  return list;
}

// Few enough that the same come again, and of every encoding.
std::string random_text(Rng& rng) {
  switch (rng() % 8) {
    case 0: return std::to_string(rng() % 130);
    case 1: return std::to_string(static_cast<std::int64_t>(rng()) >> (rng() % 64));
    case 2: return std::string(62 + rng() % 4, 'm');
    case 3: return rng() % 16 == 0 ? std::string(8190 + rng() % 4, 'l') : "-0";
    case 4: return "";
    default: return "member:" + std::to_string(10'000 + rng() % 50);
  }
}

// All that can be read of a list, against the texts it should hold.
void verify(const PackedList& list, const Texts& expected) {
  REQUIRE(packed_list_valid(list.bytes()));
  REQUIRE(list.size() == expected.size());
  REQUIRE(list.empty() == expected.empty());
  REQUIRE(texts_of(list) == expected);

  const std::vector<PackedList::Cursor> cursors = list.cursors();
  REQUIRE(cursors.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto size = static_cast<std::int64_t>(expected.size());
    REQUIRE(list.at(index) == cursors[i]);
    REQUIRE(list.at(index - size) == cursors[i]);
    REQUIRE(list.next(cursors[i]) == (i + 1 < cursors.size() ? cursors[i + 1] : list.end()));
    REQUIRE(text_of(list.element(cursors[i])) == expected[i]);
  }
}

// ---- Reading ------------------------------------------------------------------------------------

TEST_CASE("an empty list is two bytes") {
  const PackedList list(kEmptyPackedList);
  verify(list, {});
  CHECK(list.begin() == list.end());
  CHECK(list.at(0) == list.end());
  CHECK(list.at(-1) == list.end());
  CHECK(list.find(PackedProbe("")) == list.end());
  CHECK(list.encoded().empty());
  list.for_each([](const PackedElement&) { FAIL("nothing to see"); });
}

TEST_CASE("elements cost what the format says") {
  const PackedString list = list_of({"abcdefghijkl", "5", "1000", ""});
  CHECK(list.bytes().size() == 2 + 13 + 1 + 3 + 1);
  verify(list.list(), {"abcdefghijkl", "5", "1000", ""});
}

TEST_CASE("an index counts from either end, and whatever lies outside is the end") {
  const PackedString built = list_of({"a", "b", "c"});
  const PackedList list = built.list();
  for (const std::int64_t index :
       {std::int64_t{3}, std::int64_t{-4}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    CHECK(list.at(index) == list.end());
  }
  CHECK(text_of(list.element(list.at(-3))) == "a");
  CHECK(list.skip(list.begin(), 3) == list.end());
}

TEST_CASE("find looks at every stride-th element from where it is told") {
  const PackedString built = list_of({"f1", "f2", "f2", "7", "7", "f1", "member:00001", "x"});
  const PackedList list = built.list();
  const auto index_of = [&list](PackedList::Cursor cursor) {
    const auto cursors = list.cursors();
    return std::find(cursors.begin(), cursors.end(), cursor) - cursors.begin();
  };
  CHECK(index_of(list.find(PackedProbe("f2"))) == 1);
  CHECK(index_of(list.find(PackedProbe("f2"), list.begin(), 2)) == 2);
  CHECK(index_of(list.find(PackedProbe(7), list.begin(), 2)) == 4);
  CHECK(index_of(list.find(PackedProbe("f1"), list.at(1), 1)) == 5);
  CHECK(index_of(list.find(PackedProbe("member:00001"), list.begin(), 2)) == 6);
  CHECK(list.find(PackedProbe("x"), list.begin(), 2) == list.end());
  CHECK(list.find(PackedProbe("f3")) == list.end());
  CHECK(list.find(PackedProbe("f1"), list.end(), 2) == list.end());
}

TEST_CASE("pairs come together, cursors go backward") {
  PackedString built;
  built.append_pair(PackedProbe("one"), PackedProbe::score(1));
  built.append_pair(PackedProbe("pi"), PackedProbe::score(3.25));
  const PackedList list = built.list();
  std::vector<std::pair<std::string, double>> pairs;
  list.for_each_pair([&pairs](const PackedElement& member, const PackedElement& score) {
    pairs.emplace_back(text_of(member), score.score());
  });
  CHECK(pairs == std::vector<std::pair<std::string, double>>{{"one", 1}, {"pi", 3.25}});

  Texts backward;
  const auto cursors = list.cursors(2);
  for (auto cursor = cursors.rbegin(); cursor != cursors.rend(); ++cursor) {
    backward.push_back(text_of(list.element(*cursor)));
  }
  CHECK(backward == Texts{"pi", "one"});
}

// ---- Editing ------------------------------------------------------------------------------------

TEST_CASE("each edit is one splice, one of equal size none") {
  RestlessStore store;
  packed::append_pair(store, PackedProbe("field"), PackedProbe("value"));
  CHECK(store.splices() == 1);
  packed::insert_pair(store, 2, PackedProbe("1"), PackedProbe("2"));
  CHECK(store.splices() == 2);
  packed::replace(store, store.list().at(-1), PackedProbe("VALUE"));
  CHECK(store.splices() == 2);
  packed::replace(store, store.list().at(-1), PackedProbe("longer value"));
  CHECK(store.splices() == 3);
  packed::erase(store, store.list().at(1), 2);
  CHECK(store.splices() == 4);
  verify(store.list(), {"1", "longer value"});
}

TEST_CASE("edits return the cursor of what comes after") {
  RestlessStore store;
  PackedList::Cursor cursor = packed::insert(store, 2, PackedProbe("b"));
  CHECK(cursor == store.list().end());
  cursor = packed::insert(store, 2, PackedProbe("a"));
  CHECK(text_of(store.list().element(cursor)) == "b");
  cursor = packed::replace(store, 2, PackedProbe("alpha"));
  CHECK(text_of(store.list().element(cursor)) == "b");
  cursor = packed::insert_pair(store, cursor, PackedProbe("x"), PackedProbe("y"));
  CHECK(text_of(store.list().element(cursor)) == "b");
  packed::erase(store, 2, 3);
  verify(store.list(), {"b"});
}

TEST_CASE("elements move from list to list as they are encoded") {
  const Texts texts = {"a", "12", std::string(100, 'x'), "-5", "", "z"};
  const PackedString whole = list_of(texts);
  const PackedList list = whole.list();
  for (std::size_t cut = 0; cut <= texts.size(); ++cut) {
    const std::string_view encoded = list.encoded();
    const std::size_t at = list.skip(list.begin(), cut) - PackedList::kHeaderBytes;
    RestlessStore store;
    packed::insert_encoded(store, 2, encoded.substr(at), texts.size() - cut);
    packed::insert_encoded(store, 2, encoded.substr(0, at), cut);
    CHECK(store.bytes() == list.bytes());
  }
}

// One random edit, of the list and of the model.
template <class Store>
void edit(Store& store, Texts& model, Rng& rng) {
  const std::size_t at = rng() % (model.size() + 1);
  const PackedList list(store.bytes());
  const PackedList::Cursor cursor = list.skip(list.begin(), at);
  const auto place = model.begin() + static_cast<std::ptrdiff_t>(at);
  const std::string text = random_text(rng);
  switch (rng() % 6) {
    case 0:
    case 1:
      packed::insert(store, cursor, PackedProbe(text));
      model.insert(place, text);
      break;
    case 2: {
      const std::string second = random_text(rng);
      packed::insert_pair(store, cursor, PackedProbe(text), PackedProbe(second));
      model.insert(place, {text, second});
      break;
    }
    case 3:
      packed::append(store, PackedProbe(text));
      model.push_back(text);
      break;
    case 4:
      if (place == model.end()) break;
      packed::replace(store, cursor, PackedProbe(text));
      *place = text;
      break;
    default: {
      const std::size_t count = std::min<std::size_t>(rng() % 5, model.size() - at);
      packed::erase(store, cursor, count);
      model.erase(place, place + static_cast<std::ptrdiff_t>(count));
    }
  }
}

TEST_CASE_TEMPLATE("any sequence of edits matches the model", Store, PackedString, RestlessStore) {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 40; ++round) {
    Store store;
    Texts model;
    for (int step = 0; step < 60; ++step) {
      edit(store, model, rng);
      if (step % 8 == 0) verify(PackedList(store.bytes()), model);

      const std::string sought = random_text(rng);
      const PackedList list(store.bytes());
      const auto place = std::find(model.begin(), model.end(), sought);
      const auto index = static_cast<std::size_t>(place - model.begin());
      REQUIRE(list.find(PackedProbe(sought)) == list.skip(list.begin(), index));
    }
    verify(PackedList(store.bytes()), model);
    // Whatever the way, the same elements are the same bytes.
    REQUIRE(store.bytes() == list_of(model).bytes());
  }
}

TEST_CASE("large strings go in, grow, shrink and leave") {
  PackedString list = list_of({"first", "last"});
  const std::string large(512 * 1024, 'x');
  const std::string larger(600 * 1024, 'y');
  packed::insert(list, list.list().at(1), PackedProbe(large));
  verify(list.list(), {"first", large, "last"});
  CHECK(list.list().find(PackedProbe(large)) == list.list().at(1));
  CHECK(list.list().find(PackedProbe(larger)) == list.list().end());
  packed::replace(list, list.list().at(1), PackedProbe(larger));
  verify(list.list(), {"first", larger, "last"});
  packed::replace(list, list.list().at(1), PackedProbe(0));
  verify(list.list(), {"first", "0", "last"});
  packed::erase(list, list.list().at(1));
  verify(list.list(), {"first", "last"});
}

// ---- The count ----------------------------------------------------------------------------------

TEST_CASE("past 65534 elements are counted by walking, until a recount finds fewer") {
  PackedString list;
  for (std::size_t i = 0; i < PackedList::kMaxKnownCount; ++i) list.append(PackedProbe(1));
  CHECK(list.list().count_known());
  CHECK(list.list().size() == 65534);

  list.append(PackedProbe("last"));
  CHECK_FALSE(list.list().count_known());
  CHECK(list.list().size() == 65535);
  CHECK(packed_list_valid(list.bytes()));
  CHECK(text_of(list.list().element(list.list().at(-1))) == "last");
  CHECK(list.list().cursors().size() == 65535);
  CHECK(packed::recount(list) == 65535);
  CHECK_FALSE(list.list().count_known());

  packed::erase(list, list.list().begin(), 10);
  CHECK_FALSE(list.list().count_known());
  CHECK(list.list().size() == 65525);
  CHECK(packed_list_valid(list.bytes()));
  CHECK(packed::recount(list) == 65525);
  CHECK(list.list().count_known());
  CHECK(list.list().size() == 65525);
  CHECK(packed_list_valid(list.bytes()));

  packed::insert_pair(list, 2, PackedProbe(1), PackedProbe(2));
  CHECK(list.list().size() == 65527);
  const std::string all(list.list().encoded());
  packed::insert_encoded(list, 2, all, 65527);
  CHECK_FALSE(list.list().count_known());
  CHECK(list.list().size() == std::size_t{2} * 65527);

  packed::erase(list, 2, std::size_t{2} * 65527);
  CHECK(list.bytes() == kEmptyPackedList);
}

// ---- Untrusted bytes ----------------------------------------------------------------------------

TEST_CASE("bytes that are no list are refused") {
  using namespace std::string_literals;
  CHECK(packed_list_valid("\0\0"s));
  CHECK(packed_list_valid("\xff\xff"s));
  CHECK(packed_list_valid("\2\0\7\x81x"s));
  CHECK(packed_list_valid("\xff\xff\7\x81x"s));
  CHECK_FALSE(packed_list_valid(""s));
  CHECK_FALSE(packed_list_valid("\0"s));
  CHECK_FALSE(packed_list_valid("\1\0"s));
  CHECK_FALSE(packed_list_valid("\1\0\7\7"s));
  CHECK_FALSE(packed_list_valid("\3\0\7\7"s));
  CHECK_FALSE(packed_list_valid("\2\0\7\x82x"s));
  CHECK_FALSE(
      packed_list_valid("\1\0\x81"
                        "1"s));
  CHECK_FALSE(packed_list_valid("\xff\xff\xe9"s));
}

TEST_CASE("a list with a byte changed is refused or another list") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  const PackedString original = list_of({"a", "1000", "member:00001", std::string(70, 'x'), "-7"});
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t size =
        rng() % 4 == 0 ? rng() % original.bytes().size() : original.bytes().size();
    const std::unique_ptr<char[]> copy(new char[size]);
    original.bytes().copy(copy.get(), size);
    if (size > 0) copy[rng() % size] = static_cast<char>(rng() >> 32);
    const std::string_view bytes(copy.get(), size);
    if (!packed_list_valid(bytes)) continue;
    const PackedList list(bytes);
    PackedString again;
    list.for_each([&again](const PackedElement& element) { again.append(PackedProbe(element)); });
    REQUIRE(again.list().encoded() == list.encoded());
    REQUIRE(again.list().size() == list.size());
  }
}

}  // namespace
}  // namespace tarn
