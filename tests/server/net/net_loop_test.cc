#include "server/net/net_loop.h"

#include <doctest/doctest.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "server/net/wakeup.h"

namespace tarn {

using namespace std::chrono_literals;

TEST_CASE("what another thread wakes runs in the loop, before it runs and while it waits") {
  NetLoop loop;
  int wakes = 0;
  Wakeup wakeup(loop, [&] {
    if (++wakes == 2) loop.stop();
  });
  wakeup.wake();
  CHECK(loop.poll());
  CHECK(wakes == 1);
  CHECK_FALSE(loop.poll());
  std::thread other([&] { wakeup.wake(); });
  loop.run();
  other.join();
  CHECK(wakes == 2);
}

TEST_CASE("the loop counts its iterations, and how long it waits") {
  NetLoop loop;
  asio::steady_timer timer(loop.io(), 3ms);
  timer.async_wait([&](const asio::error_code&) { loop.stop(); });
  loop.run();
  CHECK(loop.stats().iterations > 0);
  CHECK(loop.stats().waited_cycles > 0);
}

TEST_CASE("timers fire beside descriptors that are ready all the time") {
  NetLoop loop;
  Wakeup busy(loop, [&] { busy.wake(); });
  busy.wake();
  asio::steady_timer timer(loop.io(), 3ms);
  timer.async_wait([&](const asio::error_code&) { loop.stop(); });
  loop.run();
  CHECK(loop.stopped());
}

TEST_CASE("posted work runs once each, and what it posts runs behind those that are ready") {
  NetLoop loop;
  std::vector<int> order;
  Wakeup wakeup(loop, [&] { order.push_back(0); });
  loop.post([&] {
    order.push_back(1);
    wakeup.wake();
    loop.post([&] {
      order.push_back(2);
      loop.stop();
    });
  });
  loop.run();
  CHECK(order == std::vector{1, 0, 2});
}

TEST_CASE("who asks is told once that the loop is idle, or soon where it never is") {
  NetLoop loop;
  std::vector<int> order;
  Wakeup wakeup(loop, [&] { order.push_back(1); });
  loop.on_idle([&] {
    order.push_back(2);
    loop.stop();
  });
  loop.ask_when_idle();
  loop.ask_when_idle();
  wakeup.wake();
  loop.run();
  CHECK(order == std::vector{1, 2});
  CHECK_FALSE(loop.poll());
  CHECK(order.size() == 2);

  NetLoop busy;
  Wakeup again(busy, [&] { again.wake(); });
  again.wake();
  busy.on_idle([&] { busy.stop(); });
  busy.ask_when_idle();
  busy.run();
  CHECK(busy.stopped());
}

TEST_CASE("who is deleted within a round has no turn in it") {
  NetLoop loop;
  std::unique_ptr<Wakeup> first;
  std::unique_ptr<Wakeup> second;
  int turns = 0;
  first = std::make_unique<Wakeup>(loop, [&] {
    ++turns;
    second.reset();
  });
  second = std::make_unique<Wakeup>(loop, [&] {
    ++turns;
    first.reset();
  });
  first->wake();
  second->wake();
  CHECK(loop.poll());
  CHECK(turns == 1);
  CHECK_FALSE(loop.poll());
}

TEST_CASE("a round within a round serves who comes meanwhile, and each only once") {
  NetLoop loop;
  int turns = 0;
  std::unique_ptr<Wakeup> late;
  Wakeup outer(loop, [&] {
    late = std::make_unique<Wakeup>(loop, [&] { ++turns; });
    late->wake();
    CHECK(loop.poll());
    CHECK(turns == 1);
  });
  outer.wake();
  CHECK(loop.poll());
  CHECK(turns == 1);
}

}  // namespace tarn
