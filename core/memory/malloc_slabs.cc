#include "core/memory/malloc_slabs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "core/memory/slab_allocator.h"

#ifdef TARN_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace tarn {

#ifdef TARN_JEMALLOC

namespace {

// The name of a value of jemalloc's, looked up once.
template <std::size_t kParts>
class Control {
 public:
  explicit Control(const std::string& name) {
    std::size_t parts = kParts;
    known_ = ::mallctlnametomib(name.c_str(), parts_.data(), &parts) == 0 && parts == kParts;
  }

  bool known() const { return known_; }
  // The same of another size class, where the name has one.
  void set_part(std::size_t position, std::size_t value) { parts_[position] = value; }

  // 0 where there is none.
  template <class Value>
  std::size_t read() const {
    Value value = 0;
    std::size_t bytes = sizeof value;
    if (!known_ || ::mallctlbymib(parts_.data(), kParts, &value, &bytes, nullptr, 0) != 0) return 0;
    return value;
  }
  template <class Out>
  bool ask(void* about, std::size_t about_bytes, Out& out) const {
    std::size_t bytes = sizeof out;
    return known_ && ::mallctlbymib(parts_.data(), kParts, &out, &bytes, about, about_bytes) == 0;
  }

 private:
  std::array<std::size_t, kParts> parts_{};
  bool known_ = false;
};

// Asks for free objects, objects and bytes of the slab of each of some objects.
const Control<3>& utilization() {
  static const Control<3> kControl("experimental.utilization.batch_query");
  return kControl;
}

std::string of_all_arenas(const std::string& name) {
  return "stats.arenas." + std::to_string(MALLCTL_ARENAS_ALL) + ".bins.0." + name;
}
constexpr std::size_t kBinPart = 4;  // of such a name

std::size_t read_constant(const std::string& name, bool is_unsigned) {
  const Control<4> control("arenas.bin." + name);
  return is_unsigned ? control.read<unsigned>() : control.read<std::size_t>();
}

}  // namespace

MallocSlabs::MallocSlabs() {
  if (!utilization().known()) return;
  const std::size_t classes = Control<2>("arenas.nbins").read<unsigned>();
  for (std::size_t i = 0; i < classes; ++i) {
    const std::string number = std::to_string(i);
    if (read_constant(number + ".size", false) <= SlabAllocator::kMaxBytes) continue;
    classes_.push_back({.index = i,
                        .slab_bytes = read_constant(number + ".slab_size", false),
                        .slab_objects = read_constant(number + ".nregs", true)});
  }
}

MallocSlabs::Usage MallocSlabs::count() {
  // jemalloc's figures stand still until the epoch is advanced.
  static const Control<1> kEpoch("epoch");
  std::uint64_t epoch = 1;
  static_cast<void>(kEpoch.ask(&epoch, sizeof epoch, epoch));
  static Control<6> slabs(of_all_arenas("curslabs"));
  static Control<6> objects(of_all_arenas("curregs"));
  Usage usage;
  for (SizeClass& one : classes_) {
    slabs.set_part(kBinPart, one.index);
    objects.set_part(kBinPart, one.index);
    one.objects = objects.read<std::size_t>();
    one.slabs = std::max(slabs.read<std::size_t>(),
                         (one.objects + one.slab_objects - 1) / one.slab_objects);
    usage.resident += one.slabs * one.slab_bytes;
    usage.sparse += one.slabs_to_spare() * one.slab_bytes;
  }
  return usage;
}

bool MallocSlabs::is_sparse(const void* object) const {
  struct {
    std::size_t free;
    std::size_t objects;
    std::size_t bytes;
  } slab{};
  if (!utilization().ask(&object, sizeof object, slab) || slab.free == 0) return false;
  const auto size_class = std::find_if(classes_.begin(), classes_.end(), [&](const auto& one) {
    return one.slab_objects == slab.objects && one.slab_bytes == slab.bytes;
  });
  if (size_class == classes_.end() || size_class->slabs_to_spare() == 0) return false;
  const std::size_t taken = slab.objects - slab.free;
  return 2 * taken <= slab.objects || taken * size_class->slabs <= size_class->objects;
}

void* MallocSlabs::allocate(std::size_t bytes) {
  void* object = ::mallocx(bytes, MALLOCX_TCACHE_NONE);
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

void MallocSlabs::free(void* object) { ::dallocx(object, MALLOCX_TCACHE_NONE); }

#else

MallocSlabs::MallocSlabs() = default;

MallocSlabs::Usage MallocSlabs::count() { return {}; }

bool MallocSlabs::is_sparse(const void*) const { return false; }

void* MallocSlabs::allocate(std::size_t bytes) {
  void* object = std::malloc(bytes);
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

void MallocSlabs::free(void* object) { std::free(object); }

#endif

}  // namespace tarn
