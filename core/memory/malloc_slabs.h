#pragma once

#include <cstddef>
#include <vector>

namespace tarn {

// What malloc keeps in slabs of its own, for owners who move objects out of sparse ones.
//
// jemalloc cuts objects of up to 14 KiB from slabs, each for one size class, and gives a slab back
// once nothing is left in it. (Larger objects have pages of their own.) So deletes at random leave
// slabs with an object or two in each. jemalloc moves nothing, but it tells how full an object's
// slab is, and the oldest slab with room is the next that it fills. So an owner who comes by all of
// his objects on a walk, and allocates anew those in sparse slabs, packs them together.
//
// Only classes of kMinBytes and more are looked at: what is smaller is in our own slabs, or not
// part of the dataset. Where malloc is not jemalloc, nothing is sparse.
class MallocSlabs {
 public:
  // What the smallest table of a large collection takes.
  static constexpr std::size_t kMinBytes = 64;

  struct Usage {
    std::size_t resident = 0;  // bytes of slabs
    std::size_t sparse = 0;    // what is given back if all objects are packed together
  };

  MallocSlabs();

  // Has malloc count, for what it returns and for is_sparse(). Takes some 30 microseconds.
  Usage count();

  // Whether the object, which malloc has allocated, had better be elsewhere: in its class there are
  // more slabs than needed, and its own is no more than half full or no fuller than the mean.
  bool is_sparse(const void* object) const;

  // malloc() and free() for an object that moves. They pass the thread's cache by, which would hand
  // out the place next to the last one. Throws std::bad_alloc.
  // REQUIRES: the alignment is a power of 2, and divides `bytes` if it is more than that of malloc.
  [[nodiscard]] static void* allocate(std::size_t bytes,
                                      std::size_t alignment = alignof(std::max_align_t));
  static void free(void* object);

 private:
  struct SizeClass {
    std::size_t index = 0;  // jemalloc's
    std::size_t slab_bytes = 0;
    std::size_t slab_objects = 0;
    std::size_t slabs = 0;  // when counted last
    std::size_t objects = 0;

    std::size_t slabs_needed() const { return (objects + slab_objects - 1) / slab_objects; }
    std::size_t slabs_to_spare() const { return slabs - slabs_needed(); }
  };

  std::vector<SizeClass> classes_;
};

}  // namespace tarn
