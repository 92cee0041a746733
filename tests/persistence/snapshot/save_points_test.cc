#include "persistence/snapshot/save_points.h"

#include <doctest/doctest.h>

#include <array>

namespace tarn {
namespace {

constexpr std::array<SavePoint, 2> kPoints = {{{3600, 1}, {60, 100}}};
constexpr std::int64_t kStart = 1'700'000'000;

SaveHistory after(std::uint64_t changes) {
  return {.last_save_s = kStart, .last_try_s = kStart, .last_try_ok = true, .changes = changes};
}

}  // namespace

TEST_CASE("save points: nothing is due without changes") {
  CHECK(due_save_point(kPoints, after(0), kStart + 1'000'000) == nullptr);
}

TEST_CASE("save points: due when both the time and the changes are there") {
  CHECK(due_save_point(kPoints, after(99), kStart + 61) == nullptr);
  CHECK(due_save_point(kPoints, after(100), kStart + 60) == nullptr);
  CHECK(due_save_point(kPoints, after(100), kStart + 61) == &kPoints[1]);
  CHECK(due_save_point(kPoints, after(1), kStart + 3600) == nullptr);
  CHECK(due_save_point(kPoints, after(1), kStart + 3601) == &kPoints[0]);
}

TEST_CASE("save points: after a failure the next try waits") {
  SaveHistory history = after(1000);
  history.last_try_ok = false;
  history.last_try_s = kStart + 100;
  CHECK(due_save_point(kPoints, history, kStart + 105) == nullptr);
  CHECK(due_save_point(kPoints, history, kStart + 106) == &kPoints[1]);
}

TEST_CASE("save points: none, none due") {
  CHECK(due_save_point({}, after(1'000'000), kStart + 1'000'000) == nullptr);
}

}  // namespace tarn
