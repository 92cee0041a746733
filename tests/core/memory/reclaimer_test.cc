#include "core/memory/reclaimer.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace tarn {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

TEST_CASE("pieces of memory are freed by the thread, or by whoever cannot wait for it") {
  Reclaimer::drain();
  const std::size_t before = Reclaimer::completed();
  constexpr std::size_t kPieces = 100;
  std::size_t here = 0;
  for (std::size_t i = 0; i < kPieces; ++i) {
    Reclaimer::free_later(std::malloc(kMebibyte), kMebibyte);
    CHECK(Reclaimer::waiting_bytes() <= (i + 1) * kMebibyte);
    if (Reclaimer::free_one()) ++here;
  }
  while (Reclaimer::free_one()) ++here;
  CHECK(here <= kPieces);
  Reclaimer::drain();
  CHECK(Reclaimer::waiting_bytes() == 0);
  CHECK(Reclaimer::completed() == before + kPieces);
  CHECK_FALSE(Reclaimer::free_one());
}

TEST_CASE("what takes long is left to the thread") {
  Reclaimer::drain();
  const std::size_t before = Reclaimer::completed();
  for (int i = 0; i < 4; ++i) {
    Reclaimer::free_later(std::malloc(16 * kMebibyte), 16 * kMebibyte);
    CHECK(Reclaimer::waiting_bytes() == 0);
    CHECK_FALSE(Reclaimer::free_one());
  }
  Reclaimer::drain();
  CHECK(Reclaimer::completed() == before + 4);
}

}  // namespace
}  // namespace tarn
