#include "core/probe_order.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

using namespace portloop;

namespace {

PortSet first_ports(uint32_t count) {
  PortSet ports;
  ports.add({1, static_cast<uint16_t>(count)});
  return ports;
}

void check_bijection(uint64_t size, uint64_t seed) {
  const Permutation permutation(size, seed);
  std::vector<bool> seen(size, false);
  for (uint64_t i = 0; i < size; ++i) {
    const uint64_t image = permutation.at(i);
    REQUIRE(image < size);
    REQUIRE_FALSE(seen[image]);
    REQUIRE(permutation.index_of(image) == i);
    seen[image] = true;
  }
}

}  // namespace

TEST_CASE("the permutation is a bijection for every size from 1 to 3,000") {
  for (uint64_t n = 1; n <= 3000; ++n) check_bijection(n, n * 77);
}

TEST_CASE("the permutation is a bijection for larger odd sizes") {
  for (const uint64_t n : {65535ULL, 65536ULL, 65537ULL, 999983ULL, (1ULL << 20) + 1}) check_bijection(n, 5);
}

TEST_CASE("above 2^32, 200,000 images are all different") {
  for (const uint64_t n : {(1ULL << 32) + 1, 65535ULL << 24, (1ULL << 48) - 59, 1ULL << 63}) {
    const Permutation permutation(n, 11);
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < 200000; ++i) {
      const uint64_t image = permutation.at(i < 100000 ? i : n - 1 - (i - 100000));
      REQUIRE(image < n);
      REQUIRE(seen.insert(image).second);
    }
  }
}

TEST_CASE("every (host, port) occurs once, in both orders and for any shape") {
  for (const Order order_kind : {Order::random, Order::sequential}) {
    for (const auto& [hosts, ports] :
         {std::pair<uint64_t, uint32_t>{1, 1}, {1, 65535}, {7, 3}, {5000, 3}, {40, 30001}, {9000, 1}}) {
      const ProbeOrder order(hosts, first_ports(ports), order_kind, 42);
      std::vector<bool> seen(order.size(), false);
      for (uint64_t i = 0; i < order.size(); ++i) {
        const auto position = order.at(i);
        REQUIRE(position.host < hosts);
        REQUIRE(position.port < ports);
        const uint64_t flat = position.host * ports + position.port;
        REQUIRE_FALSE(seen[flat]);
        seen[flat] = true;
      }
    }
  }
}

TEST_CASE("an order's name is parsed back, and nothing else is") {
  for (const Order order : {Order::random, Order::sequential}) CHECK(parse_order(to_text(order)) == order);
  for (const char* wrong : {"", "Random", "random ", "seq"}) CHECK_FALSE(parse_order(wrong));
}

TEST_CASE("sequential order is host by host and port by port") {
  const ProbeOrder order(5000, first_ports(3), Order::sequential, 1);
  CHECK(order.at(0).host == 0);
  CHECK(order.at(2).port == 2);
  CHECK(order.at(3).host == 1);
  CHECK(order.at(14999).host == 4999);
}

TEST_CASE("shards tile the order: every index belongs to exactly one shard") {
  for (const uint64_t size : {1ULL, 2ULL, 7ULL, 1000ULL, 65537ULL}) {
    for (const uint32_t count : {1U, 2U, 3U, 7U, 64U, 1001U}) {
      std::vector<int> times(size, 0);
      uint64_t total = 0;
      for (uint32_t number = 1; number <= count; ++number) {
        const Shard shard{number, count};
        total += shard.size_of(size);
        for (uint64_t position = 0; position < shard.size_of(size); ++position) ++times[shard.index_at(position)];
        const uint64_t middle = size / 2;
        const uint64_t position = shard.first_position_at_or_after(middle);
        CHECK(shard.index_at(position) >= middle);
        if (position > 0) CHECK(shard.index_at(position - 1) < middle);
      }
      CHECK(total == size);
      for (const int n : times) REQUIRE(n == 1);
    }
  }
}

TEST_CASE("neighbours in time are not neighbours in space") {
  const ProbeOrder order(1, first_ports(65535), Order::random, 3);
  double sum_of_steps = 0;
  uint64_t adjacent = 0;
  for (uint64_t i = 1; i < order.size(); ++i) {
    const double step = std::abs(double(order.at(i).port) - double(order.at(i - 1).port));
    sum_of_steps += step;
    adjacent += step <= 1;
  }
  // Independent uniform values differ by n/3 on average, and about two in n are adjacent.
  CHECK(sum_of_steps / 65534 == doctest::Approx(65535.0 / 3).epsilon(0.02));
  CHECK(adjacent < 20);
}

TEST_CASE("early indices are spread evenly over hosts and ports (chi-squared over 64 cells)") {
  PortSet ports;  // without any early port
  ports.add({10001, 10000 + 16384});
  const ProbeOrder order(64, ports, Order::random, 9);
  std::vector<double> by_host(64), by_port(64);
  const int drawn = 64000;
  for (int i = 0; i < drawn; ++i) {
    const auto position = order.at(static_cast<uint64_t>(i));
    ++by_host[position.host];
    ++by_port[position.port / 256];
  }
  double host_deviation = 0, port_deviation = 0;
  for (int cell = 0; cell < 64; ++cell) {
    host_deviation += std::pow(by_host[static_cast<size_t>(cell)] - 1000, 2) / 1000;
    port_deviation += std::pow(by_port[static_cast<size_t>(cell)] - 1000, 2) / 1000;
  }
  CHECK(host_deviation < 110);  // 63 degrees of freedom: exceeded once in 5,000 by chance; the seed is fixed
  CHECK(port_deviation < 110);
}

TEST_CASE("different seeds give different orders, equal seeds the same order") {
  const PortSet ports = first_ports(1000);
  const ProbeOrder a(10, ports, Order::random, 1), b(10, ports, Order::random, 2), again(10, ports, Order::random, 1);
  int same = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    same += a.at(i).host == b.at(i).host && a.at(i).port == b.at(i).port;
    REQUIRE(a.at(i).port == again.at(i).port);
  }
  CHECK(same < 10);
}

TEST_CASE("index_of() is the inverse of at(), in both orders and for any shape") {
  for (const Order order : {Order::random, Order::sequential}) {
    for (const auto& [hosts, ports] :
         {std::pair{1ULL, 1U}, {3ULL, 65535U}, {50ULL, 65535U}, {100000ULL, 3U}, {7ULL, 11U}}) {
      const ProbeOrder probes(hosts, first_ports(ports), order, 42);
      for (uint64_t i = 0; i < probes.size(); i += 1 + probes.size() / 5000)
        REQUIRE(probes.index_of(probes.at(i)) == i);
    }
  }
}

TEST_CASE("the ports that are most likely open come first, on all hosts of a block") {
  constexpr uint32_t hosts = 40;
  const PortSet ports = first_ports(30000);
  const ProbeOrder order(hosts, ports, Order::random, 3);
  const uint64_t blocks = order.block_count();
  REQUIRE(blocks == 2);  // one of 34 hosts, one of 6
  const EarlyPorts early(ports);
  CHECK(early.count() == 16);
  for (uint64_t block = 0; block < blocks; ++block) {
    const ProbeOrder::Runs runs = order.runs_of(block);
    CHECK(runs.early_end - runs.early_first == uint64_t{order.hosts_in_block(block)} * early.count());
    std::set<std::pair<uint64_t, uint32_t>> seen;
    for (uint64_t index = runs.early_first; index < runs.early_end; ++index) {
      const auto position = order.at(index);
      CHECK(order.block_of(index) == block);
      CHECK(early.early_index_of(position.port));
      CHECK(seen.emplace(position.host, position.port).second);
    }
  }
  CHECK(ports.at(order.at(0).port) != 21);  // permuted as well
}

TEST_CASE("no port is early in a sequential order, and none of a few") {
  CHECK(ProbeOrder(1, first_ports(65535), Order::sequential, 1).at(0).port == 0);
  CHECK(EarlyPorts(first_ports(63)).count() == 0);
  CHECK(EarlyPorts(first_ports(64)).count() == 5);
}

TEST_CASE("early and other ports are numbered without gaps") {
  PortSet with_a_gap = first_ports(100);
  with_a_gap.add({400, 500});
  for (const auto& [ports, early_ports] :
       {std::pair{with_a_gap, 8U}, {first_ports(8100), 15U}, {first_ports(8500), 16U}}) {
    const EarlyPorts early(ports);
    REQUIRE(early.count() == early_ports);
    std::vector<bool> seen(ports.size(), false);
    for (uint32_t i = 0; i < early.count(); ++i) {
      seen[early.early_at(i)] = true;
      CHECK(early.early_index_of(early.early_at(i)) == i);
    }
    for (uint32_t i = 0; i < ports.size() - early.count(); ++i) {
      const uint32_t port = early.other_at(i);
      REQUIRE_FALSE(seen[port]);
      seen[port] = true;
      CHECK(early.other_index_of(port) == i);
      CHECK_FALSE(early.early_index_of(port));
    }
  }
}

TEST_CASE("a shard's position of an index is the inverse of its index of a position") {
  const Shard shard{3, 7};
  for (uint64_t position = 0; position < 100; ++position)
    CHECK(shard.position_of(shard.index_at(position)) == position);
  CHECK_FALSE(shard.position_of(3));
  CHECK_FALSE(Shard{1, 2}.position_of(1));
}

TEST_CASE("an order without hosts, or without ports, is empty") {
  for (const Order order : {Order::random, Order::sequential}) {
    CHECK(ProbeOrder(0, first_ports(100), order, 1).size() == 0);
    CHECK(ProbeOrder(100, PortSet(), order, 1).size() == 0);
  }
}
