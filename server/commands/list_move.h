#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/containers/chunked_list.h"
#include "server/engine/args.h"

namespace tarn {

// What LMOVE and LMPOP, and the commands that do the same but can wait, have in common.

// LEFT or RIGHT, taken.
inline ListEnd next_end(ArgReader& args) {
  if (args.accept("left")) return ListEnd::kFront;
  if (!args.accept("right")) args.fail_syntax();
  return ListEnd::kBack;
}

// Moves an element from the list of argument 1 to that of argument 2 and replies with it. Returns
// false where there is no source: then nothing was done, and nothing replied.
bool move_element(Call& call, ListEnd from, ListEnd to);

// numkeys key [key ...] LEFT|RIGHT [COUNT count]
struct MultiPop {
  std::span<const std::string_view> keys;
  ListEnd end = ListEnd::kFront;
  std::size_t count = 1;

  void read(ArgReader& args);
};

// Pops off the first list that exists, of those under `keys`, and replies with its key and what was
// popped. Returns false where none exists: then nothing was done, and nothing replied.
bool pop_first_list(Call& call, std::span<const std::string_view> keys, const MultiPop& pop);

}  // namespace tarn
