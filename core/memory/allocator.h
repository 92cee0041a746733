#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tarn {

// What malloc says of itself, in bytes.
struct AllocatorStats {
  std::size_t allocated = 0;  // asked for, and not given back
  std::size_t active = 0;     // pages with something in them
  std::size_t resident = 0;   // in memory
};
AllocatorStats read_allocator_stats();
std::string_view allocator_name();
// Has malloc give the pages that it keeps in reserve back to the system.
void purge_allocator();
// Whether threads of malloc's own give such pages back after some seconds, instead of whoever calls
// malloc next. To be called on the thread whose memory it is about.
void set_background_purging(bool wanted);
// Everything malloc can tell, for people; empty where it tells nothing.
std::string allocator_report();

}  // namespace tarn
