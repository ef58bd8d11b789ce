// A budget that scanners share, without scanners: who gets a permit, who is woken, and when.
#include "engine/shared_budget.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace portloop;

namespace {

struct Scan final : SharedBudget::Member {
  void wake() noexcept override { ++wakes; }
  int wakes = 0;
};

constexpr uint64_t later = UINT64_MAX;

}  // namespace

TEST_CASE("permits are handed out up to the maximum; one that is given back wakes who waits") {
  SharedBudget budget;
  budget.set_max_in_flight(2);
  Scan a, b;
  budget.join(a);
  budget.join(b);
  CHECK(budget.take(a, 1) == 0);
  CHECK(budget.take(a, 1) == 0);
  CHECK(budget.take(a, 1) == later);
  CHECK(budget.take(b, 1) == later);
  budget.give_back(a, 2);
  CHECK(b.wakes == 0);  // it does not wait
  CHECK(budget.take(b, 2) == 0);
  CHECK(budget.take(b, 2) == later);
  budget.wait(b, later, 2);
  budget.give_back(a, 3);
  CHECK(b.wakes == 1);
  CHECK(budget.take(b, 3) == 0);
  budget.give_back(b, 4);
  budget.give_back(b, 4);
  budget.leave(a);
  budget.leave(b);
}

TEST_CASE("who has its share gets no permit while another one waits that has less, but not for longer than 10 ms") {
  SharedBudget budget;
  budget.set_max_in_flight(4);
  Scan a, b;
  budget.join(a);
  budget.join(b);
  for (int i = 0; i < 4; ++i) CHECK(budget.take(a, 1) == 0);
  CHECK(budget.take(b, 1) == later);
  budget.wait(b, later, 1);
  budget.give_back(a, 1000);
  CHECK(b.wakes == 1);
  CHECK(budget.take(a, 1000) == 11'000);
  CHECK(budget.take(a, 10'999) == 11'000);
  CHECK(budget.take(a, 11'000) == 0);
  budget.give_back(a, 20'000);
  CHECK(budget.take(b, 20'000) == 0);
  budget.wait(b, later, 20'000);
  budget.give_back(a, 21'000);
  CHECK(budget.take(b, 21'000) == 0);
  // Both have their shares, and whoever comes first gets the next one.
  budget.wait(b, later, 21'000);
  budget.give_back(a, 22'000);
  CHECK(budget.take(a, 22'000) == 0);
  budget.stop_waiting(b, 22'000);
  for (int i = 0; i < 2; ++i) budget.give_back(a, 23'000);
  for (int i = 0; i < 2; ++i) budget.give_back(b, 23'000);
  budget.leave(a);
  budget.leave(b);
}

TEST_CASE("a rate hands permits out in turn, whoever comes first, and what is not used costs nothing") {
  SharedBudget budget;
  budget.set_max_rate(10);
  Scan a, b;
  budget.join(a);
  budget.join(b);
  uint64_t now_us = 1'000'000;
  CHECK(budget.take(a, now_us) == 0);
  const uint64_t next_us = budget.take(a, now_us);
  CHECK(next_us == now_us - 2000 + 100'000);
  budget.wait(a, next_us, now_us);
  CHECK(budget.take(b, now_us) == next_us);
  budget.wait(b, next_us, now_us);
  CHECK(budget.take(a, next_us) == next_us + 10'000);  // b has waited longer
  CHECK(budget.take(b, next_us) == 0);
  budget.give_back_unused(b, next_us);
  CHECK(budget.take(b, next_us) == 0);
  CHECK(budget.take(b, next_us) == next_us + 100'000);
  CHECK(budget.take(a, next_us + 100'000) == 0);
  budget.set_max_rate(0.001);
  CHECK(budget.take(b, next_us + 200'000) > next_us + 900'000'000);
  budget.set_max_rate(0);
  CHECK(budget.take(b, next_us + 200'000) == 0);
  CHECK(a.wakes + b.wakes > 0);  // the limits have changed
  for (int i = 0; i < 2; ++i) budget.give_back(a, now_us);
  for (int i = 0; i < 2; ++i) budget.give_back(b, now_us);
  budget.stop_waiting(a, now_us);
  budget.stop_waiting(b, now_us);
  budget.leave(a);
  budget.leave(b);
}

TEST_CASE("one that is woken and wants nothing any more leaves the permit to the next") {
  SharedBudget budget;
  budget.set_max_in_flight(1);
  Scan a, b, c;
  for (Scan* each : {&a, &b, &c}) budget.join(*each);
  CHECK(budget.take(a, 1) == 0);
  budget.wait(b, later, 1);
  budget.wait(c, later, 1);
  budget.give_back(a, 2);
  CHECK(b.wakes + c.wakes == 1);
  Scan& woken = b.wakes == 1 ? b : c;
  Scan& other = b.wakes == 1 ? c : b;
  budget.stop_waiting(woken, 3);
  CHECK(other.wakes == 1);
  // Who begins to wait when there is a permit is woken at once.
  budget.wait(woken, later, 4);
  CHECK(woken.wakes == 2);
  budget.stop_waiting(woken, 5);
  budget.stop_waiting(other, 5);
  for (Scan* each : {&a, &b, &c}) budget.leave(*each);
}

TEST_CASE("threads never hold more permits than there are") {
  SharedBudget budget;
  budget.set_max_in_flight(3);
  std::atomic<int> held{0};
  std::atomic<int> max{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Scan scan;
      budget.join(scan);
      for (int taken = 0; taken < 2000;) {
        if (budget.take(scan, 1) != 0) continue;
        ++taken;
        const int now = ++held;
        for (int before = max; now > before && !max.compare_exchange_weak(before, now);) {
        }
        --held;
        budget.give_back(scan, 1);
      }
      budget.leave(scan);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(max <= 3);
}
