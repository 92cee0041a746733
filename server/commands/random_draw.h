#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/random.h"
#include "server/engine/args.h"

namespace tarn {

// What the commands share that choose elements of a collection by chance.

Rng& dice();

// So many different elements; where it is negative, so many whether or not they differ.
struct DrawOptions {
  std::int64_t count = 0;
  bool with_second = false;  // the value of a field, or the score of a member, as well
};

// Reads a count, and the word that asks for the second part where the command has one.
DrawOptions read_draw_options(ArgReader& args, std::string_view second_word = {});

}  // namespace tarn
