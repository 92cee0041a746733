#include "core/memory/reclaimer.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>

namespace tarn {
namespace {

std::atomic<int> destroyed = 0;

struct Counted {
  ~Counted() { ++destroyed; }
};

TEST_CASE("what is handed over is destroyed by the thread, and counted") {
  Reclaimer::drain();
  const std::size_t before = Reclaimer::completed();
  destroyed = 0;
  for (int i = 0; i < 100; ++i) Reclaimer::destroy_later(std::make_unique<Counted>());
  CHECK(Reclaimer::pending() <= 100);
  Reclaimer::drain();
  CHECK(destroyed == 100);
  CHECK(Reclaimer::pending() == 0);
  CHECK(Reclaimer::completed() == before + 100);
}

}  // namespace
}  // namespace tarn
