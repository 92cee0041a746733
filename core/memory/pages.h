#pragma once

#include <cstddef>

namespace tarn {

// Memory straight from the system, for what is large, or is to go back to it at once.
//
// Pages are zeros, and resident when they are touched; never huge ones: the kernel stalls the
// thread for milliseconds to clear or assemble them. Returns nullptr where there are none.
void* map_pages(std::size_t bytes);
// Makes mapped pages resident, for less than it costs to touch one after the other.
void fetch_pages(void* pages, std::size_t bytes);
// Gives back what was mapped, or a part of it; nothing for 0 bytes. Returns false where the system
// would have to split a mapping and has as many as it allows: the pages stay then.
bool unmap_pages(void* pages, std::size_t bytes);

}  // namespace tarn
