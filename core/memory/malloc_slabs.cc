#include "core/memory/malloc_slabs.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "core/memory/malloc_control.h"

namespace tarn {

#ifdef TARN_JEMALLOC

namespace {

// Asks for free objects, objects and bytes of the slab of each of some objects.
const MallocControl<3>& utilization() {
  static const MallocControl<3> kControl("experimental.utilization.batch_query");
  return kControl;
}

// Of all arenas together. Which size class is part 4 of the name.
MallocControl<6> of_bins(const std::string& name) {
  return MallocControl<6>("stats.arenas." + std::to_string(MALLCTL_ARENAS_ALL) + ".bins.0." + name);
}

std::size_t read_of_bin(const MallocControl<6>& control, std::size_t index) {
  MallocControl<6> one = control;
  one.set_number(4, index);
  return one.read();
}

template <class Value>
std::size_t read_constant(std::size_t index, const std::string& name) {
  return MallocControl<4>("arenas.bin." + std::to_string(index) + "." + name).read<Value>();
}

}  // namespace

MallocSlabs::MallocSlabs() {
  if (!utilization().known()) return;
  const std::size_t classes = MallocControl<2>("arenas.nbins").read<unsigned>();
  for (std::size_t i = 0; i < classes; ++i) {
    if (read_constant<std::size_t>(i, "size") < kMinBytes) continue;
    classes_.push_back({.index = i,
                        .slab_bytes = read_constant<std::size_t>(i, "slab_size"),
                        .slab_objects = read_constant<unsigned>(i, "nregs")});
  }
}

MallocSlabs::Usage MallocSlabs::count() {
  static const MallocControl<6> kSlabs = of_bins("curslabs");
  static const MallocControl<6> kObjects = of_bins("curregs");
  count_malloc_anew();
  Usage usage;
  for (SizeClass& one : classes_) {
    one.objects = read_of_bin(kObjects, one.index);
    one.slabs = std::max(read_of_bin(kSlabs, one.index), one.slabs_needed());
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
  if (!utilization().ask(object, slab) || slab.free == 0) return false;
  const auto size_class = std::find_if(classes_.begin(), classes_.end(), [&](const auto& one) {
    return one.slab_objects == slab.objects && one.slab_bytes == slab.bytes;
  });
  if (size_class == classes_.end() || size_class->slabs_to_spare() == 0) return false;
  const std::size_t taken = slab.objects - slab.free;
  return 2 * taken <= slab.objects || taken * size_class->slabs <= size_class->objects;
}

void* MallocSlabs::allocate(std::size_t bytes, std::size_t alignment) {
  void* object = ::mallocx(bytes, MALLOCX_ALIGN(alignment) | MALLOCX_TCACHE_NONE);
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

void MallocSlabs::free(void* object) { ::dallocx(object, MALLOCX_TCACHE_NONE); }

#else

MallocSlabs::MallocSlabs() = default;

MallocSlabs::Usage MallocSlabs::count() { return {}; }

bool MallocSlabs::is_sparse(const void*) const { return false; }

void* MallocSlabs::allocate(std::size_t bytes, std::size_t alignment) {
  void* object = alignment <= alignof(std::max_align_t) ? std::malloc(bytes)
                                                        : std::aligned_alloc(alignment, bytes);
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

void MallocSlabs::free(void* object) { std::free(object); }

#endif

}  // namespace tarn
