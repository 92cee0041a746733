#include "server/app/dataset_loading.h"

#include <doctest/doctest.h>

#include "core/base/clock.h"

namespace tarn {
namespace {

struct Loading {
  FakeClock clock;
  Databases databases{clock, 1};
  CommandTable table;
  Dispatcher dispatcher{table, databases, clock};
  NetLoop loop;
  Options options;
  DatasetLoading loading{loop, dispatcher, options};
  const LoadingState& state = loading.state();

  std::int64_t left_s() { return state.left_s(clock.monotonic_ms()); }
};

}  // namespace

TEST_CASE("loading: the share that is loaded, and the time until all is") {
  Loading test;
  test.loading.begin("file", 4000);
  CHECK(test.state.active);
  CHECK(test.state.percent() == 0);
  CHECK(test.left_s() == -1);

  test.clock.advance_ms(10'000);
  test.loading.progress(1000, 7);
  CHECK(test.state.keys == 7);
  CHECK(test.state.percent() == 25);
  CHECK(test.left_s() == 30);

  test.loading.progress(4000, 9);
  CHECK(test.state.percent() == 100);
  CHECK(test.left_s() == 0);
  test.loading.progress(5000, 9);
  CHECK(test.state.percent() == 100);
  CHECK(test.left_s() == 0);
  test.loading.end();
  CHECK_FALSE(test.state.active);
}

TEST_CASE("loading: of how much is not known, what is loaded is") {
  Loading test;
  test.loading.begin("pipe", 0);
  test.clock.advance_ms(1000);
  test.loading.progress(5000, 1);
  CHECK(test.state.loaded_bytes == 5000);
  CHECK(test.left_s() == -1);
  test.loading.end();
}

}  // namespace tarn
