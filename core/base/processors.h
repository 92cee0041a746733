#pragma once

#include <sched.h>

#include <functional>
#include <string_view>
#include <thread>

#include "core/base/result.h"

namespace tarn {

// Which processors the threads of this process run on.
//
// A list of processors is numbers and ranges, with commas between them, as taskset takes it:
// "0-7:2,9" are every second one from 0 to 7, and 9. The empty list leaves things as they are.

// The processors of a list that is not empty.
Result<cpu_set_t> parse_processors(std::string_view list);

// Binds the thread that calls, and what it forks.
Result<> bind_to_processors(std::string_view list);

// Says where helpers run that are started from now on; with the empty list wherever the thread that
// calls may run now. Until then a helper runs where the thread that starts it does.
Result<> bind_helpers_to_processors(std::string_view list);

// Starts a thread that helps the one of commands, which it should not share a processor with.
std::thread start_helper(std::function<void()> body);

}  // namespace tarn
