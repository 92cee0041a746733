#include "core/types/digest.h"

#include <doctest/doctest.h>

#include <string>

namespace tarn {

// The values are part of the interface: clients compute them too.
TEST_CASE("digest: XXH3 without a seed") {
  CHECK(value_digest("Hello world") == 0xb6acb9d84a38ff74);
  CHECK(value_digest("") == 0x2d06800538d394c2);
  CHECK(value_digest(std::string(1000, 'x')) != value_digest(std::string(1001, 'x')));
}

}  // namespace tarn
