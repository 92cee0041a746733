#include "server/app/held_sessions.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "server/engine/session.h"
#include "server/net/output_buffer.h"

namespace tarn {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

struct Fixture {
  ChunkPool chunks;
  OutputBuffer out{chunks};
  Session a{1, out};
  Session b{2, out};
  Session c{3, out};
  HeldSessions held;

  std::vector<std::uint64_t> take(std::uint64_t sequence) {
    std::vector<std::uint64_t> ids;
    for (const auto& one : held.take(sequence)) ids.push_back(one.session->id);
    return ids;
  }
};

using Ids = std::vector<std::uint64_t>;

TEST_CASE_FIXTURE(Fixture, "HeldSessions: those of safe batches are taken, in order") {
  held.hold(b, 3);
  held.hold(a, 3);
  held.hold(c, 5);
  CHECK(take(2) == Ids{});
  CHECK(take(4) == Ids{2, 1});
  CHECK(take(4) == Ids{});
  CHECK(take(5) == Ids{3});
  CHECK(take(kAll) == Ids{});
}

TEST_CASE_FIXTURE(Fixture, "HeldSessions: of two batches the later one counts") {
  held.hold(a, 1);
  held.hold(b, 2);
  held.hold(a, 3);
  held.hold(a, 3);
  CHECK(take(2) == Ids{2});
  CHECK(take(3) == Ids{1});
}

TEST_CASE_FIXTURE(Fixture, "HeldSessions: one that is gone, and its memory another's") {
  held.hold(a, 1);
  held.hold(b, 1);
  held.forget(a);
  held.forget(a);
  held.hold(a, 2);
  CHECK(take(1) == Ids{2});
  CHECK(take(2) == Ids{1});
}

TEST_CASE_FIXTURE(Fixture, "HeldSessions: all, with the batches that they wait for") {
  held.hold(a, 7);
  held.hold(b, 9);
  const auto all = held.take(kAll);
  REQUIRE(all.size() == 2);
  CHECK(all[0].sequence == 7);
  CHECK(all[1].sequence == 9);
  held.hold(a, 10);
  CHECK(take(10) == Ids{1});
}

}  // namespace
}  // namespace tarn
