// Bytes of any origin: packed_list_valid reads none beyond them, and what it accepts can be walked,
// searched and edited, and is written again as the same bytes. And any bytes can be an element.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/containers/packed_list.h"

namespace tarn {
namespace {

// What takes time by the square of the number of elements is done with so many.
constexpr std::size_t kMaxTried = 32;

void check_same(const PackedList& list, const PackedList& other) {
  TARN_ASSERT(list.encoded() == other.encoded());
  TARN_ASSERT(list.size() == other.size());
  TARN_ASSERT(packed_list_valid(list.bytes()));
}

void check_walks(const PackedList& list) {
  PackedString again;
  for (const PackedElement& element : list.elements()) {
    const PackedProbe probe(element);
    TARN_ASSERT(probe.matches(element));
    PackedElement::Scratch scratch;
    TARN_ASSERT(packed::compare(element, element.text(scratch)) == 0);
    again.append(probe);
  }
  check_same(again.list(), list);

  const std::vector<PackedList::Cursor> cursors = list.cursors();
  TARN_ASSERT(cursors.size() == list.size());
  const auto size = static_cast<std::int64_t>(cursors.size());
  for (std::int64_t i = 0; i < std::min(size, std::int64_t{kMaxTried}); ++i) {
    const PackedList::Cursor cursor = list.at(i);
    TARN_ASSERT(cursor == cursors[static_cast<std::size_t>(i)]);
    TARN_ASSERT(cursor == list.at(i - size));
    const PackedProbe probe(list.element(cursor));
    TARN_ASSERT(list.find(probe, cursor, 1) == cursor);
    TARN_ASSERT(list.find(probe) <= cursor);
  }
}

// Each edit, and what takes it back.
void check_edits(const PackedList& list) {
  const PackedProbe wide("a string that is not there before, longer than sixty-three bytes are");
  PackedString store{std::string(list.bytes())};
  for (PackedList::Cursor cursor : list.cursors()) {
    if (cursor > kMaxTried * 8) break;
    packed::insert_pair(store, cursor, wide, PackedProbe(1'000'000));
    TARN_ASSERT(store.list().size() == list.size() + 2);
    packed::erase(store, cursor, 2);
    packed::recount(store);
    check_same(store.list(), list);

    const PackedProbe original(list.element(cursor));
    packed::replace(store, cursor, wide);
    TARN_ASSERT(store.list().find(wide) <= cursor);
    packed::replace(store, cursor, original);
    check_same(store.list(), list);

    packed::erase(store, cursor);
    TARN_ASSERT(store.list().size() == list.size() - 1);
    packed::insert(store, cursor, original);
    check_same(store.list(), list);
  }
}

void check_as_element(std::string_view text) {
  PackedString store;
  store.append_pair(PackedProbe(text), PackedProbe(text));
  TARN_ASSERT(packed_list_valid(store.bytes()));
  const PackedElement element = store.list().element(store.list().at(-1));
  PackedElement::Scratch scratch;
  TARN_ASSERT(element.text(scratch) == text);
  TARN_ASSERT(store.list().find(PackedProbe(text)) == store.list().begin());
  if (text.size() < sizeof(double)) return;
  double score;
  std::memcpy(&score, text.data(), sizeof score);
  if (std::isnan(score)) return;
  packed::replace(store, store.list().at(1), PackedProbe::score(score));
  TARN_ASSERT(packed_list_valid(store.bytes()));
  TARN_ASSERT(store.list().element(store.list().at(1)).score() == score);
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_as_element(bytes);
  if (!packed_list_valid(bytes)) return 0;
  check_walks(PackedList(bytes));
  check_edits(PackedList(bytes));
  return 0;
}
