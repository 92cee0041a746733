#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "server/config/options.h"

namespace tarn {

// What this process asks of the system it runs on.

// Raises the limit of open files until so many clients fit, beside what the server needs itself, as
// far as the system permits. Returns how many clients fit, at most `wanted`.
std::uint32_t make_room_for_clients(std::uint32_t wanted);

// Transparent huge pages make the first touch of memory a stall of milliseconds.
void disable_huge_pages();

// Tells the kernel how readily to end this process when memory runs out. Relative values count from
// what the process was started with.
Result<> apply_oom_score(const Options& options);
// The same for this process as a forked child.
Result<> apply_oom_score_of_child(const Options& options);

// Of a processor that this process has to share with the thread of commands, that thread gets about
// two thirds from now on.
void give_way_to_commands();

}  // namespace tarn
