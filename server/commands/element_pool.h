#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "server/commands/text_arena.h"
#include "server/engine/call.h"

namespace tarn {

// The reply to a command that draws elements of a collection more often than the collection has
// any, as one with a negative count may: up to 2^63 times. The elements are copied once, as they
// appear in the reply, and drawn from the copy; so a reply that is long is made while it is sent,
// its elements are those of one moment, and it never takes more memory than a reply that shows each
// of them once.
//
//     ElementPool pool(call);
//     for (each element) {
//       pool.reply().bulk(element);
//       pool.end_element();
//     }
//     std::move(pool).draw(count, rng);
class ElementPool {
 public:
  explicit ElementPool(Call& call);

  // Where the next element is written, as one reply or as several.
  Reply& reply() { return reply_; }
  void end_element();

  // Replies so many elements, each of them chosen as if it were the only one. The head of the array
  // has been replied. `rng` must live as long as the server. REQUIRES: there are elements
  void draw(std::uint64_t count, Rng& rng) &&;

 private:
  // Of each draw, on average.
  std::size_t bytes_ = 0;
  Call& call_;
  OutputBuffer out_;
  Reply reply_;
  TextArena texts_;
  std::vector<std::string_view> elements_;
};

}  // namespace tarn
