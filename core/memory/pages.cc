#include "core/memory/pages.h"

#include <sys/mman.h>

namespace tarn {

void* map_pages(std::size_t bytes) {
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  ::madvise(pages, bytes, MADV_NOHUGEPAGE);  // refused by kernels without huge pages: fine as well
  return pages;
}

void fetch_pages(void* pages, std::size_t bytes) {
  ::madvise(pages, bytes, MADV_POPULATE_WRITE);  // older kernels refuse it, and leave it at faults
}

bool unmap_pages(void* pages, std::size_t bytes) {
  return bytes == 0 || ::munmap(pages, bytes) == 0;
}

}  // namespace tarn
