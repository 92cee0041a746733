#pragma once

#include <cstddef>

#include "server/engine/args.h"

namespace tarn {

// Takes the next argument as the number of a database; 0 where that fails.
std::size_t next_database(ArgReader& args, const Databases& databases);

}  // namespace tarn
