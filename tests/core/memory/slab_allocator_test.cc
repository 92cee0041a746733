#include "core/memory/slab_allocator.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tarn {
namespace {

constexpr size_t kUnlimited = SIZE_MAX;

// Whether there are these bytes, though the object that they were of may be freed.
__attribute__((no_sanitize("address"))) bool is_still(const std::byte* address,
                                                      const std::vector<std::byte>& bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (address[i] != bytes[i]) return false;
  }
  return true;
}

// An owner as the keyspace is one: from an object's bytes it finds the one reference to it.
class Owner {
 public:
  struct Object {
    std::byte* address = nullptr;
    size_t bytes = 0;
    bool immovable = false;
  };

  ~Owner() {
    for (size_t id = 0; id < objects.size(); ++id) {
      if (objects[id].address != nullptr) check_contents(id);
    }
  }

  size_t create(size_t bytes) {
    auto* address = static_cast<std::byte*>(slabs.allocate(bytes));
    REQUIRE(reinterpret_cast<uintptr_t>(address) % 8 == 0);
    const size_t id = objects.size();
    std::memset(address, static_cast<int>(id % 251), bytes);
    std::memcpy(address, &id, sizeof(id));
    objects.push_back({.address = address, .bytes = bytes});
    live_bytes += SlabAllocator::usable_bytes(bytes);
    REQUIRE_FALSE(slabs.is_shared(address));
    REQUIRE(shared_pages.count(page_of(address)) == 0);
    return id;
  }

  void destroy(size_t id) {
    check_contents(id);
    slabs.deallocate(objects[id].address, objects[id].bytes);
    objects[id].address = nullptr;
    live_bytes -= SlabAllocator::usable_bytes(objects[id].bytes);
  }

  bool alive(size_t id) const { return objects[id].address != nullptr; }

  void check_contents(size_t id) const {
    const Object& object = objects[id];
    size_t stored = 0;
    std::memcpy(&stored, object.address, sizeof(stored));
    bool intact = stored == id;
    for (size_t i = sizeof(id); i < object.bytes; ++i) {
      intact = intact && object.address[i] == static_cast<std::byte>(id % 251);
    }
    REQUIRE(intact);
  }

  SlabAllocator::EvacuationStep evacuate(size_t max_moves) {
    return slabs.evacuate(max_moves, [this](void* from, void* to, size_t usable_bytes) {
      size_t id = 0;
      std::memcpy(&id, from, sizeof(id));
      REQUIRE(id < objects.size());
      Object& object = objects[id];
      REQUIRE(object.address == from);
      REQUIRE(usable_bytes == SlabAllocator::usable_bytes(object.bytes));
      if (object.immovable) return false;
      std::memcpy(to, from, object.bytes);
      object.address = static_cast<std::byte*>(to);
      return true;
    });
  }

  // Returns whether the object had to move.
  bool move_if_leaving(size_t id) {
    Object& object = objects[id];
    if (object.immovable || !slabs.is_leaving(object.address)) return false;
    auto* to = static_cast<std::byte*>(slabs.allocate(object.bytes));
    REQUIRE_FALSE(slabs.is_leaving(to));
    std::memcpy(to, object.address, object.bytes);
    slabs.deallocate(object.address, object.bytes);
    object.address = to;
    return true;
  }

  void begin_sharing() {
    slabs.begin_sharing();
    sharing = true;
    shared_pages.clear();
    seen_by_child.clear();
    for (const Object& object : objects) {
      if (object.address == nullptr || !slabs.is_shared(object.address)) continue;
      const size_t usable = SlabAllocator::usable_bytes(object.bytes);
      shared_pages.insert(page_of(object.address));
      shared_pages.insert(page_of(object.address + usable - 1));
      seen_by_child.emplace_back(object.address, std::vector<std::byte>(object.bytes));
      std::memcpy(seen_by_child.back().second.data(), object.address, object.bytes);
    }
  }

  // Nothing has been written where a child would have seen, or paid for, it.
  void end_sharing() {
    if (!std::exchange(sharing, false)) return;
    for (const auto& [address, bytes] : seen_by_child) REQUIRE(is_still(address, bytes));
    slabs.end_sharing();
    shared_pages.clear();
  }

  void check_accounting() const {
    CHECK(slabs.bytes_in_use() == live_bytes);
    size_t bytes = 0;
    size_t slab_bytes = 0;
    for (const SlabAllocator::ClassStats& row : slabs.class_stats()) {
      CHECK(row.live_objects <= row.capacity);
      bytes += row.live_objects * row.object_bytes;
      slab_bytes += row.slabs * SlabAllocator::kSlabBytes;
    }
    CHECK(bytes == live_bytes);
    CHECK(slabs.bytes_resident() >= slab_bytes);
  }

  SlabAllocator slabs;
  std::vector<Object> objects;
  size_t live_bytes = 0;
  bool sharing = false;
  std::set<size_t> shared_pages;
  std::vector<std::pair<const std::byte*, std::vector<std::byte>>> seen_by_child;

 private:
  static size_t page_of(const void* address) { return reinterpret_cast<uintptr_t>(address) / 4096; }
};

TEST_CASE("slab allocator: sizes are rounded up to 8 bytes, from 16") {
  CHECK(SlabAllocator::usable_bytes(1) == 16);
  CHECK(SlabAllocator::usable_bytes(16) == 16);
  CHECK(SlabAllocator::usable_bytes(17) == 24);
  CHECK(SlabAllocator::usable_bytes(1017) == 1024);
  CHECK(SlabAllocator::usable_bytes(1024) == 1024);
}

TEST_CASE("slab allocator: no entries, no memory") {
  Owner owner;
  CHECK(owner.slabs.bytes_resident() == 0);
  CHECK(owner.slabs.class_stats().empty());
  CHECK_FALSE(owner.evacuate(100).more);
  owner.slabs.trim();
  const size_t id = owner.create(40);
  owner.check_accounting();
  CHECK(owner.slabs.bytes_resident() < SlabAllocator::kSlabBytes + 8192);
  owner.destroy(id);
  CHECK(owner.slabs.bytes_in_use() == 0);
  owner.slabs.trim();
  CHECK(owner.slabs.bytes_resident() < 8192);
}

TEST_CASE("slab allocator: every size fills whole slabs, in address order") {
  for (size_t bytes = 1; bytes <= SlabAllocator::kMaxBytes; bytes += bytes < 64 ? 1 : 37) {
    CAPTURE(bytes);
    const size_t usable = SlabAllocator::usable_bytes(bytes);
    SlabAllocator slabs;
    const size_t capacity = SlabAllocator::kSlabBytes / usable;
    auto* previous = static_cast<std::byte*>(slabs.allocate(bytes));
    for (size_t i = 1; i < 2 * capacity; ++i) {
      auto* object = static_cast<std::byte*>(slabs.allocate(bytes));
      std::memset(object, 0xAA, usable);
      if (i % capacity != 0) REQUIRE(object == previous + usable);
      previous = object;
    }
    REQUIRE(slabs.class_stats().size() == 1);
    CHECK(slabs.class_stats()[0].slabs == 2);
    CHECK(slabs.class_stats()[0].object_bytes == usable);
    CHECK(slabs.class_stats()[0].live_objects == 2 * capacity);
    CHECK(slabs.class_stats()[0].capacity == 2 * capacity);
  }
}

TEST_CASE("slab allocator: freed memory is used again before new memory") {
  Owner owner;
  for (int i = 0; i < 20'000; ++i) owner.create(40);
  const size_t resident = owner.slabs.bytes_resident();
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const size_t id = random() % owner.objects.size();
    if (!owner.alive(id)) continue;
    owner.destroy(id);
    owner.create(40);
  }
  owner.check_accounting();
  CHECK(owner.slabs.bytes_resident() <= resident + resident / 16);
}

TEST_CASE("slab allocator: emptied slabs and regions are given back") {
  Owner owner;
  for (int i = 0; i < 40'000; ++i) owner.create(1000);  // 3 regions
  CHECK(owner.slabs.bytes_resident() > 40'000'000);
  for (size_t id = 0; id < 39'999; ++id) owner.destroy(id);
  owner.check_accounting();
  CHECK(owner.slabs.bytes_resident() < 2'000'000);
  owner.slabs.trim();
  owner.check_accounting();
  CHECK(owner.slabs.bytes_resident() < 300'000);
  owner.destroy(39'999);
  owner.slabs.trim();
  CHECK(owner.slabs.bytes_resident() < 8192);
}

TEST_CASE("slab allocator: evacuation packs what random deletes have left") {
  Owner owner;
  std::mt19937_64 random(2);
  for (int i = 0; i < 60'000; ++i) owner.create(24 + random() % 24);
  for (size_t id = 0; id < owner.objects.size(); ++id) {
    if (random() % 10 != 0) owner.destroy(id);
  }
  CHECK(owner.slabs.bytes_resident() > 6 * owner.slabs.bytes_in_use());
  const size_t resident = owner.slabs.bytes_resident();
  size_t released = 0;
  for (size_t steps = 0;; ++steps) {
    REQUIRE(steps < 1000);
    const SlabAllocator::EvacuationStep step = owner.evacuate(50);
    CHECK(step.moved_objects <= 50);
    CHECK(step.refused_objects == 0);
    released += step.released_bytes;
    if (!step.more) break;
  }
  owner.check_accounting();
  owner.slabs.trim();
  CHECK(released > resident / 2);
  for (const SlabAllocator::ClassStats& row : owner.slabs.class_stats()) {
    const size_t per_slab = row.capacity / row.slabs;
    CHECK(row.slabs <= row.live_objects * 9 / 8 / per_slab + 2);
  }
  CHECK_FALSE(owner.evacuate(kUnlimited).more);
}

TEST_CASE("slab allocator: tells what evacuation would give back") {
  Owner owner;
  CHECK(owner.slabs.bytes_sparse() == 0);
  for (int i = 0; i < 40'000; ++i) owner.create(i % 2 == 0 ? 48 : 200);
  CHECK(owner.slabs.bytes_sparse() == 0);
  for (size_t id = 0; id < owner.objects.size(); ++id) {
    if (id % 10 > 1) owner.destroy(id);
  }
  owner.slabs.trim();
  const size_t before = owner.slabs.bytes_resident();
  const size_t told = owner.slabs.bytes_sparse();
  CHECK(told > before / 2);
  size_t released = 0;
  for (bool more = true; more;) {
    const SlabAllocator::EvacuationStep step = owner.evacuate(64);
    released += step.released_bytes;
    more = step.more;
  }
  CHECK(owner.slabs.bytes_sparse() == 0);
  CHECK(released + 2 * SlabAllocator::kSlabBytes >= told);
  CHECK(released <= told + 2 * SlabAllocator::kSlabBytes);
}

TEST_CASE("slab allocator: objects that cannot be moved stay, and evacuation ends") {
  Owner owner;
  for (int i = 0; i < 30'000; ++i) owner.create(32);
  std::vector<size_t> stuck;
  for (size_t id = 0; id < owner.objects.size(); ++id) {
    if (id % 10 != 0) owner.destroy(id);
    if (id % 1000 != 0) continue;
    owner.objects[id].immovable = true;
    stuck.push_back(id);
  }
  size_t refused = 0;
  for (size_t steps = 0;; ++steps) {
    REQUIRE(steps < 1000);
    const SlabAllocator::EvacuationStep step = owner.evacuate(64);
    CHECK(step.moved_objects + step.refused_objects <= 64);
    refused += step.refused_objects;
    if (!step.more) break;
  }
  CHECK(refused >= stuck.size() / 2);
  owner.check_accounting();
  // Once a slab has changed, it is tried again.
  for (const size_t id : stuck) owner.objects[id].immovable = false;
  for (size_t i = 0; i < stuck.size(); i += 2) owner.destroy(stuck[i]);
  owner.slabs.trim();
  while (owner.evacuate(64).more) {
  }
  owner.slabs.trim();
  owner.check_accounting();
  CHECK(owner.slabs.class_stats()[0].slabs <= 4);
}

TEST_CASE("slab allocator: evacuation tells of groups beforehand") {
  struct Mover {
    std::vector<void*> announced;
    size_t next = 0;
    void prefetch(std::span<void* const> group) {
      REQUIRE(next == announced.size());
      announced.insert(announced.end(), group.begin(), group.end());
    }
    bool operator()(void* from, void* to, size_t usable_bytes) {
      REQUIRE(announced.at(next++) == from);
      std::memcpy(to, from, usable_bytes);
      return true;
    }
  };
  SlabAllocator slabs;
  std::vector<void*> objects;
  objects.reserve(5000);
  for (int i = 0; i < 5000; ++i) objects.push_back(std::memset(slabs.allocate(64), 1, 64));
  for (size_t i = 0; i < 5000; ++i) {
    if (i % 7 != 0) slabs.deallocate(objects[i], 64);
  }
  Mover mover;
  while (slabs.evacuate(50, mover).more) {
  }
  CHECK(mover.next > 0);
}

// Random owners: contents never change, accounting is exact, whatever happens between the steps of
// an evacuation.
void run_model(uint64_t seed, void (*compact)(Owner&, size_t)) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Owner owner;
  std::vector<size_t> live;
  const auto destroy_one = [&] {
    const size_t i = random() % live.size();
    owner.destroy(live[i]);
    live[i] = live.back();
    live.pop_back();
  };
  const std::array<size_t, 4> sizes = {16, 40, 333, 1024};
  for (int phase = 0; phase < 40; ++phase) {
    const bool shrinking = phase % 3 == 2;
    for (int i = 0; i < 600; ++i) {
      if (shrinking && !live.empty()) destroy_one();
      if (!shrinking || random() % 4 == 0) {
        const size_t bytes = std::max<size_t>(8, sizes[random() % 4] - random() % 8);
        live.push_back(owner.create(bytes));
        owner.objects[live.back()].immovable = random() % 2000 == 0;
      }
      if (random() % 3 == 0 && !live.empty()) destroy_one();
      if (random() % 16 == 0) compact(owner, random() % 40);
    }
    if (random() % 4 == 0) owner.slabs.trim();
    owner.check_accounting();
  }
  while (!live.empty()) {
    destroy_one();
    if (random() % 32 == 0) compact(owner, 8);
  }
  owner.end_sharing();
  while (owner.slabs.free_postponed(50)) {
  }
  owner.slabs.trim();
  owner.check_accounting();
  CHECK(owner.slabs.class_stats().empty());
  CHECK(owner.slabs.bytes_resident() < 20'000);
}

TEST_CASE("slab allocator: model") {
  const uint64_t start = std::random_device{}();
  for (uint64_t seed = start; seed < start + 4; ++seed) {
    run_model(seed, [](Owner& owner, size_t count) { owner.evacuate(count); });
  }
}

TEST_CASE("slab allocator: model, with marks and walks") {
  const uint64_t start = std::random_device{}();
  for (uint64_t seed = start; seed < start + 4; ++seed) {
    run_model(seed, [](Owner& owner, size_t count) {
      owner.slabs.mark_sparse(count / 8);
      for (size_t id = 0; id < owner.objects.size() && count > 0; ++id) {
        if (owner.alive(id) && owner.move_if_leaving(id)) --count;
      }
      if (count > 20) owner.slabs.unmark(count / 16);
    });
  }
}

TEST_CASE("slab allocator: model, with children") {
  const uint64_t start = std::random_device{}();
  for (uint64_t seed = start; seed < start + 4; ++seed) {
    run_model(seed, [](Owner& owner, size_t count) {
      if (count % 8 == 0) owner.sharing ? owner.end_sharing() : owner.begin_sharing();
      if (count % 3 == 0) owner.slabs.free_postponed(count);
      if (count % 3 == 1) owner.evacuate(count);
    });
  }
}

TEST_CASE("slab allocator: model, with children, marks and walks") {
  const uint64_t start = std::random_device{}();
  for (uint64_t seed = start; seed < start + 4; ++seed) {
    run_model(seed, [](Owner& owner, size_t count) {
      if (count % 8 == 0) owner.sharing ? owner.end_sharing() : owner.begin_sharing();
      if (count % 2 == 0) owner.slabs.free_postponed(count);
      if (owner.sharing) return;
      owner.slabs.mark_sparse(count / 8);
      for (size_t id = 0; id < owner.objects.size() && count > 0; ++id) {
        if (owner.alive(id) && owner.move_if_leaving(id)) --count;
      }
      if (count > 20) owner.slabs.unmark(count / 16);
    });
  }
}

TEST_CASE("slab allocator: what is freed while it is shared counts as freed, and is so later") {
  Owner owner;
  for (int i = 0; i < 20'000; ++i) owner.create(200);
  owner.slabs.trim();
  const size_t resident = owner.slabs.bytes_resident();
  owner.begin_sharing();
  for (size_t id = 0; id < 20'000; ++id) owner.destroy(id);
  owner.check_accounting();
  CHECK(owner.slabs.bytes_in_use() == 0);
  CHECK_FALSE(owner.slabs.free_postponed(kUnlimited));
  CHECK(owner.slabs.bytes_resident() >= resident);

  owner.end_sharing();
  size_t steps = 0;
  while (owner.slabs.free_postponed(100)) ++steps;
  CHECK(steps == 199);
  CHECK_FALSE(owner.slabs.has_postponed());
  owner.slabs.trim();
  CHECK(owner.slabs.class_stats().empty());
  CHECK(owner.slabs.bytes_resident() < 20'000);
}

TEST_CASE("slab allocator: a child may be forked before the last one's frees are made up for") {
  Owner owner;
  for (int i = 0; i < 20'000; ++i) owner.create(40);
  owner.begin_sharing();
  for (size_t id = 0; id < 5000; ++id) owner.destroy(id);
  owner.end_sharing();
  owner.slabs.free_postponed(1000);
  owner.begin_sharing();
  for (size_t id = 5000; id < 6000; ++id) owner.destroy(id);
  for (int i = 0; i < 3000; ++i) owner.create(40);
  owner.end_sharing();
  owner.check_accounting();
  // What evacuation would move is live: it makes up for the frees first.
  while (owner.evacuate(64).more) {
  }
  CHECK_FALSE(owner.slabs.has_postponed());
  owner.check_accounting();
  const size_t resident = owner.slabs.bytes_resident();
  for (int i = 0; i < 500; ++i) owner.create(40);
  CHECK(owner.slabs.bytes_resident() <= resident + SlabAllocator::kSlabBytes);
}

// Overwrites a twentieth of the objects, at random, while each of many children lives.
size_t resident_after_children(Owner& owner, int children, bool evacuate) {
  std::mt19937_64 random(3);
  std::vector<size_t> live;
  live.reserve(50'000);
  for (int i = 0; i < 50'000; ++i) live.push_back(owner.create(104));
  for (int child = 0; child < children; ++child) {
    owner.begin_sharing();
    for (int i = 0; i < 2500; ++i) {
      size_t& id = live[random() % live.size()];
      owner.destroy(id);
      id = owner.create(104);
    }
    owner.end_sharing();
    while (owner.slabs.free_postponed(100)) {
    }
    while (evacuate && owner.evacuate(64).more) {
    }
  }
  owner.slabs.trim();
  owner.check_accounting();
  return owner.slabs.bytes_resident();
}

TEST_CASE("slab allocator: child after child, memory follows the data") {
  Owner evacuated;
  const size_t resident = resident_after_children(evacuated, 40, true);
  CHECK(resident < evacuated.live_bytes * 9 / 8 + 4 * SlabAllocator::kSlabBytes);
  Owner left;  // where nobody evacuates
  const size_t resident_left = resident_after_children(left, 40, false);
  CHECK(resident_left < left.live_bytes * 3 / 2);
}

TEST_CASE("slab allocator: marked slabs are emptied by a walk") {
  Owner owner;
  for (int i = 0; i < 60'000; ++i) owner.create(i % 2 == 0 ? 48 : 200);
  CHECK_FALSE(owner.slabs.mark_sparse(1000));
  CHECK_FALSE(owner.slabs.has_leaving());
  for (size_t id = 0; id < owner.objects.size(); ++id) {
    if (id % 10 > 1) owner.destroy(id);
  }
  owner.slabs.trim();
  const size_t before = owner.slabs.bytes_resident();
  while (owner.slabs.mark_sparse(7)) {
  }
  CHECK(owner.slabs.has_leaving());
  // What comes now goes elsewhere.
  for (int i = 0; i < 500; ++i) {
    const size_t id = owner.create(200);
    CHECK_FALSE(owner.slabs.is_leaving(owner.objects[id].address));
  }
  for (size_t id = 0; id < owner.objects.size(); ++id) {
    if (owner.alive(id)) owner.move_if_leaving(id);
  }
  CHECK_FALSE(owner.slabs.has_leaving());
  CHECK(owner.slabs.bytes_sparse() == 0);
  CHECK(owner.slabs.bytes_resident() < before / 3);
  owner.check_accounting();
}

TEST_CASE("slab allocator: a whole allocator moves, also to another thread, and is dropped there") {
  SlabAllocator slabs;
  auto* object = static_cast<char*>(slabs.allocate(100));
  std::memcpy(object, "contents", 9);
  SlabAllocator moved(std::move(slabs));
  CHECK(slabs.bytes_resident() == 0);  // NOLINT(bugprone-use-after-move): empty by contract
  CHECK(moved.bytes_in_use() == 104);
  CHECK(std::string_view(object) == "contents");
  // NOLINTNEXTLINE(bugprone-use-after-move): the source starts afresh
  void* another = slabs.allocate(100);
  slabs.deallocate(another, 100);
  std::thread([dropped = std::move(moved)] { CHECK(dropped.bytes_in_use() == 104); }).join();
  CHECK(moved.bytes_in_use() == 0);  // NOLINT(bugprone-use-after-move): empty by contract
  slabs.clear();
  CHECK(slabs.bytes_resident() == 0);
}

#ifdef TARN_SLAB_ASAN
TEST_CASE("slab allocator: memory without an owner is poisoned") {
  SlabAllocator slabs;
  auto* object = static_cast<char*>(slabs.allocate(40));
  CHECK(__asan_region_is_poisoned(object, 40) == nullptr);
  CHECK(__asan_address_is_poisoned(object + 40) == 1);
  slabs.deallocate(object, 40);
  CHECK(__asan_address_is_poisoned(object) == 1);
  CHECK(slabs.allocate(33) == object);
  CHECK(__asan_region_is_poisoned(object, 40) == nullptr);
}
#endif

}  // namespace
}  // namespace tarn
