#include "core/memory/allocator.h"

#include <algorithm>

#include "core/memory/malloc_control.h"

#ifdef TARN_JEMALLOC
#include <jemalloc/jemalloc.h>

// Options of jemalloc. By itself it lets whoever frees give memory back at once where it comes to
// 8 MiB with what is free beside it, at 60 us a megabyte. With the largest of all sizes in place of
// those, freeing takes some microseconds whatever is freed, and what is needed again within seconds
// need not be got from the system anew.
extern const char* malloc_conf;
const char* malloc_conf = "oversize_threshold:8070450532247928832";
#else
#include <malloc.h>
#endif

#ifdef __SANITIZE_ADDRESS__
// Of GCC's run-time library, whose header not every package has.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
extern "C" std::size_t __sanitizer_get_heap_size();
#endif

namespace tarn {

#ifdef TARN_JEMALLOC

AllocatorStats read_allocator_stats() {
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  static const MallocControl<4> kCached("stats.arenas.4096.tcache_bytes");
  static const MallocControl<2> kAllocated("stats.allocated");
  static const MallocControl<2> kActive("stats.active");
  static const MallocControl<2> kResident("stats.resident");
  count_malloc_anew();
  // What the threads' caches hold in reserve was not asked for, or was given back; jemalloc counts
  // it as allocated.
  const std::size_t cached = kCached.read();
  const std::size_t allocated = kAllocated.read();
  return {allocated - std::min(allocated, cached), kActive.read(), kResident.read()};
}

std::string_view allocator_name() {
  static const std::string kName = [] {
    const char* version = nullptr;
    std::size_t bytes = sizeof version;
    if (::mallctl("version", &version, &bytes, nullptr, 0) != 0) return std::string("jemalloc");
    const std::string_view full = version;
    return "jemalloc-" + std::string(full.substr(0, full.find('-')));
  }();
  return kName;
}

void purge_allocator() {
  const std::string name = "arena." + std::to_string(MALLCTL_ARENAS_ALL) + ".purge";
  static_cast<void>(::mallctl(name.c_str(), nullptr, nullptr, nullptr, 0));
}

void set_background_purging(bool wanted) {
  MallocControl<1>("background_thread").write(wanted);
  // The first arena was made before the options were read.
  MallocControl<3> threshold("arena.0.oversize_threshold");
  threshold.set_number(1, MallocControl<2>("thread.arena").read<unsigned>());
  threshold.write(MallocControl<2>("opt.oversize_threshold").read());
}

std::string allocator_report() {
  std::string text;
  ::malloc_stats_print(
      [](void* out, const char* piece) { static_cast<std::string*>(out)->append(piece); }, &text,
      nullptr);
  return text;
}

#else

AllocatorStats read_allocator_stats() {
#ifdef __SANITIZE_ADDRESS__
  const std::size_t heap = __sanitizer_get_heap_size();
  return {__sanitizer_get_current_allocated_bytes(), heap, heap};
#else
  const struct mallinfo2 info = ::mallinfo2();
  const std::size_t mapped = info.arena + info.hblkhd;
  return {info.uordblks + info.hblkhd, mapped, mapped};
#endif
}

std::string_view allocator_name() { return "libc"; }

void purge_allocator() { ::malloc_trim(0); }

void set_background_purging(bool) {}

std::string allocator_report() { return ""; }

#endif

}  // namespace tarn
