#include "server/commands/random_draw.h"

#include <limits>

namespace tarn {

Rng& dice() {
  static Rng rng;
  return rng;
}

DrawOptions read_draw_options(ArgReader& args, std::string_view second_word) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  DrawOptions options{.count = args.integer()};
  if (options.count < -kMax) {
    args.fail(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  options.with_second = !second_word.empty() && args.accept(second_word);
  if (!args.at_end()) args.fail_syntax();
  // The length of a flat array must fit as well.
  if (options.with_second && (options.count < -(kMax / 2) || options.count > kMax / 2)) {
    args.fail("ERR value is out of range");
  }
  return options;
}

}  // namespace tarn
