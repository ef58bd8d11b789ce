#include "lab/sightings.hpp"

#include <doctest/doctest.h>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

TEST_CASE("each endpoint has its own count, without a maximum") {
  Sightings sightings;
  for (uint32_t i = 0; i < 2000; ++i) {
    CHECK(sightings.add({host, 22}) == i);
    if (i % 2 == 0) CHECK(sightings.add({host, 23}) == i / 2);
  }
  CHECK(sightings.add({me, 22}) == 0);
}

TEST_CASE("the counts survive when the table grows") {
  Sightings sightings;
  for (uint32_t i = 0; i < 300; ++i) CHECK(sightings.add({host, 22}) == i);
  for (uint32_t i = 0; i < 600'000; ++i) sightings.add({Address{Family::ipv4, 0, 0x0b000000 + i}, 1});
  CHECK(sightings.add({host, 22}) == 300);
  CHECK(sightings.add({Address{Family::ipv4, 0, 0x0b000000}, 1}) == 1);
}

TEST_CASE("a SYN that was lost once is not lost for ever, however often the port has been asked before") {
  Network network(plain + "loss 50%\n");
  for (int i = 0; i < 300; ++i) network.syn(9);
  network.pass(second);
  int answered = 0;
  for (int i = 0; i < 1000; ++i) {
    network.syn(9);
    answered += network.pass(100 * ms).empty() ? 0 : 1;
  }
  CHECK(answered > 150);  // a quarter is expected
  CHECK(answered < 350);
}
