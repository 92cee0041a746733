#include <doctest/doctest.h>

#include <string>

#include "core/base/hash.h"
#include "core/containers/hash_segment.h"
#include "core/types/large_set.h"

// What a member of a large set costs, counted where memory comes from.

using namespace tarn;

namespace {

constexpr std::size_t kMembers = 131'072;

struct Cost {
  double at_last = 0;
  double average = 0;  // over a doubling of the set
};

// Bytes a member of a set that grows to kMembers.
template <class MemberOf>
Cost cost_of(MemberOf member_of) {
  ObjectHeap heap;
  const std::size_t segments_before = HashSegment::total_bytes();
  auto* set = new LargeSet(heap);
  double sum = 0;
  std::size_t samples = 0;
  Cost cost;
  for (std::size_t i = 0; i < kMembers; ++i) {
    const std::string text = member_of(i);
    set->add(SetMember(text));
    if (i < kMembers / 2 || i % 1024 != 1023) continue;
    const std::size_t bytes =
        heap.slabs().bytes_in_use() + HashSegment::total_bytes() - segments_before;
    cost.at_last = static_cast<double>(bytes) / static_cast<double>(i + 1);
    sum += cost.at_last;
    ++samples;
    // The set's own account adds its object and the directory.
    CHECK(set->memory_bytes() >= bytes);
    CHECK(set->memory_bytes() < bytes + 8192);
  }
  cost.average = sum / static_cast<double>(samples);
  while (set->dismantle(kMembers)) {
  }
  delete set;
  CHECK(HashSegment::total_bytes() == segments_before);
  return cost;
}

}  // namespace

TEST_CASE("a member of twelve bytes takes at most 28") {
  const Cost cost = cost_of([](std::size_t i) { return "m:" + std::to_string(1'000'000'000 + i); });
  CHECK(cost.average <= 28);
  MESSAGE("12-byte members: ", cost.average, " bytes on average, ", cost.at_last, " at the end");
}

TEST_CASE("a member that is an integer takes its slot") {
  const Cost cost = cost_of([](std::size_t i) { return std::to_string(i * 1'000'003); });
  CHECK(cost.average <= 14);
  MESSAGE("integers: ", cost.average, " bytes on average, ", cost.at_last, " at the end");
}
