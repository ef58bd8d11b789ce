#include "plan/block.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>

#include "plan/live_blocks.hpp"

using namespace portloop;

namespace {

ScanSpace space_of(uint32_t hosts, uint16_t ports, Shard shard = {}, Order order = Order::random) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 0x0a000001};
  Address last = first;
  last.value += hosts - 1;
  return ScanSpace(TargetSet({{first, last}}, {}), port_set, order, 1, shard);
}

}  // namespace

TEST_CASE("the books of a block balance: drawn, asked, returned, finished") {
  const ScanSpace space = space_of(2, 10);
  Block block(space, 0, 0, std::nullopt);
  CHECK(block.size() == 20);
  CHECK(block.finished(3));  // not drawn: another loop's, as far as this one knows
  block.draw(3);
  block.draw(4);
  CHECK(block.unfinished() == 2);
  CHECK(!block.finished(3));
  CHECK(block.asked(3, ProbeKind::fresh, 1) == 1);
  CHECK(block.asked_now(3));
  CHECK(block.asked(4, ProbeKind::check, 1) == 1);  // beside it, of a probe that has no ask of its own
  CHECK(!block.asked_now(4));
  CHECK(block.in_flight() == 2);
  block.returned(3, ProbeKind::fresh);
  block.returned(4, ProbeKind::check);
  CHECK(block.in_flight() == 0);
  CHECK(block.asked(3, ProbeKind::retry, 1) == 2);
  block.returned(3, ProbeKind::retry);
  block.finish(3);
  CHECK(block.unfinished() == 1);
  CHECK(block.finished(3));
}

TEST_CASE("a pass that asks nothing needs no checks and no other pass, unless it left out a suspended host") {
  const ScanSpace space = space_of(2, 10);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  CHECK_FALSE(block.pass_needs_checks());
  CHECK_FALSE(block.pass_facts().asked_any);
  block.note_suspended();
  CHECK(block.pass_needs_checks());
  CHECK(block.pass_facts().asked_any);
  block.end_sweep();
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  CHECK_FALSE(block.pass_facts().asked_any);
  block.asked(3, ProbeKind::retry, 1);
  CHECK(block.pass_facts().asked_any);
}

TEST_CASE("a pass visits every probe once, each pass in another order") {
  const ScanSpace space = space_of(3, 7);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  std::set<std::vector<uint32_t>> orders;
  for (uint32_t pass = 2; pass <= 4; ++pass) {
    REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
    CHECK(block.pass() == pass);
    CHECK(block.phase() == Block::Phase::sweeping);
    std::vector<uint32_t> visited;
    for (; !block.at_end(); block.advance()) visited.push_back(block.next_in_sweep());
    orders.insert(visited);
    CHECK(std::set<uint32_t>(visited.begin(), visited.end()).size() == block.size());
    block.end_sweep();
  }
  CHECK(orders.size() == 3);
}

TEST_CASE("a pass that no host wants does not begin, and changes nothing") {
  const ScanSpace space = space_of(1, 5);
  Block block(space, 0, 0, std::nullopt);
  block.draw(0);
  block.end_drawing();
  for (int pass = 0; pass < 2; ++pass) {
    REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
    block.end_sweep();
  }
  const PassFacts before = block.pass_facts();
  CHECK(!block.begin_pass(NextPass::sweep_by_host, 8));  // of a single host, two passes are enough
  CHECK(block.phase() == Block::Phase::settling);
  CHECK(block.pass() == before.pass);
  CHECK(block.pass_facts().empty_passes == before.empty_passes);
}

TEST_CASE("a single port that a pass finds ends the row of empty passes") {
  const ScanSpace space = space_of(1, 5);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  for (uint32_t pass = 2; pass <= 4; ++pass) {
    REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
    CHECK(block.pass_facts().empty_passes == pass);
    block.end_sweep();
  }
  block.count_found(4);
  CHECK(block.pass_facts().empty_passes == 0);
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  CHECK(block.pass_facts().empty_passes == 1);
}

TEST_CASE("each host counts the user's retries, without the passes during which it was away") {
  const ScanSpace space = space_of(2, 5);
  Block block(space, 0, 0, 1U);
  block.draw(0);
  block.end_drawing();
  REQUIRE(block.begin_pass(NextPass::sweep_by_host, 8));  // pass 2: the one retry
  CHECK(block.wants_retry(block.hosts[0]));
  block.end_sweep();
  CHECK(!block.begin_pass(NextPass::sweep_by_host, 8));
  block.hosts[1].void_passes = 2;
  REQUIRE(block.begin_pass(NextPass::sweep_by_host, 8));
  CHECK(!block.wants_retry(block.hosts[0]));
  CHECK(block.wants_retry(block.hosts[1]));
}

TEST_CASE("hosts that are away, lost or stopped want no retry") {
  const ScanSpace space = space_of(1, 5);
  Block block(space, 0, 0, std::nullopt);
  block.draw(0);
  block.end_drawing();
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  for (const HostState state : {HostState::suspended, HostState::lost, HostState::stopped}) {
    block.hosts[0].state = state;
    CHECK(!block.wants_retry(block.hosts[0]));
  }
}

TEST_CASE("a host that is still unresolved in the last pass is lost, and no further pass begins") {
  const ScanSpace space = space_of(2, 5);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  CHECK(!block.begin_pass_for_unresolved(8));
  block.hosts[0].state = HostState::unresolved;
  for (uint32_t pass = 2; pass <= max_passes; ++pass) {
    REQUIRE(block.begin_pass_for_unresolved(8));
    block.end_sweep();
  }
  CHECK(block.pass() == max_passes);
  CHECK(!block.begin_pass_for_unresolved(8));
  CHECK(block.phase() == Block::Phase::settling);
  CHECK(block.hosts[0].state == HostState::lost);
  CHECK(block.hosts[1].state == HostState::fresh);
}

TEST_CASE("of many hosts, one that lost much is asked again when the others are not") {
  const ScanSpace space = space_of(2, 100);
  Block block(space, 0, 0, std::nullopt);
  block.draw(0);
  for (int i = 0; i < 1000; ++i) block.loss.answer(1);
  block.hosts[0].answers = 100;
  block.hosts[1].answers = 100;
  block.hosts[1].rescued = 30;
  block.end_drawing();
  for (int pass = 0; pass < 2; ++pass) {
    REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
    block.end_sweep();
  }
  REQUIRE(block.begin_pass(NextPass::sweep_by_host, 8));
  CHECK(!block.wants_retry(block.hosts[0]));
  CHECK(block.wants_retry(block.hosts[1]));
}

TEST_CASE("a block of a shard has the shard's probes only, and positions are the shard's") {
  const ScanSpace space = space_of(4, 10, Shard{2, 3});
  Block block(space, 0, 5, std::nullopt);
  CHECK(block.place() == 5);
  CHECK(block.size() == 13);  // of 40, those congruent 1 modulo 3
  CHECK(block.position(0) == 0);
  CHECK(block.probe_at(block.position(12)) == 12);
}

TEST_CASE(
    "when all hosts are back, a pass goes on after its last ask that was answered; a recovery check proves nothing") {
  const ScanSpace space = space_of(1, 20);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  const auto ask_at = [&block](ProbeKind kind) {
    Ask ask;
    ask.pass = static_cast<uint8_t>(block.pass());
    ask.sweep_at = block.sweep_at();
    ask.kind = kind;
    return ask;
  };
  for (int i = 0; i < 7; ++i) block.advance();
  const Ask answered = ask_at(ProbeKind::retry);
  while (!block.at_end()) block.advance();
  const Ask recovery = ask_at(ProbeKind::recovery);
  block.note_answered(answered);
  block.end_sweep();
  CHECK(block.all_are_back(1));
  block.note_answered(recovery);
  CHECK(block.phase() == Block::Phase::sweeping);
  CHECK(block.sweep_at() == 7);
  CHECK(!block.all_are_back(2));  // it has come no further
  CHECK(block.sweep_at() == 7);
  block.finish(0);
  CHECK(block.all_are_back(3));
  CHECK(!block.all_are_back(4));
}

TEST_CASE("when all hosts are back while their first silence is reported, the rest is asked again") {
  const ScanSpace space = space_of(1, 20);
  Block block(space, 0, 0, 0);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  block.begin_reporting();
  block.all_are_back(1);
  CHECK(block.phase() == Block::Phase::settling);
  CHECK(block.begin_pass(decide_next_pass(block.pass_facts()).next, 8));
}

TEST_CASE("when all hosts are back, checks that were lost meanwhile say nothing, and void passes are no passes") {
  const ScanSpace space = space_of(1, 20);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  for (int i = 0; i < 10; ++i) block.count_found(1);
  const double loss = block.loss.first_pass_loss();
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  for (int i = 0; i < 8; ++i) block.loss.check(2, false);
  CHECK(block.loss.first_pass_loss() > loss);
  block.all_are_back(1);
  CHECK(block.loss.first_pass_loss() == loss);
  CHECK(block.counted_pass(2) == 1);
  CHECK(block.counted_pass(3) == 2);
  CHECK(block.pass_facts().missing == doctest::Approx(block.loss.missing_after(1)));
}

TEST_CASE("a retry pass that was answered before its hosts were away still counts, without the checks that were lost") {
  const ScanSpace space = space_of(1, 20);
  Block block(space, 0, 0, std::nullopt);
  for (uint32_t probe = 0; probe < block.size(); ++probe) block.draw(probe);
  block.end_drawing();
  for (int i = 0; i < 10; ++i) block.count_found(1);
  REQUIRE(block.begin_pass(NextPass::sweep_all, 8));
  block.advance();
  Ask ask;
  ask.pass = 2;
  ask.sweep_at = block.sweep_at();
  block.note_answered(ask);
  block.loss.check(2, true);
  const double loss = block.loss.first_pass_loss();
  for (int i = 0; i < 8; ++i) block.loss.check(2, false);
  block.all_are_back(1);
  CHECK(block.counted_pass(2) == 2);
  CHECK(block.loss.first_pass_loss() == loss);
}

TEST_CASE("no more blocks are live than have 32,768 hosts and two million probes") {
  struct Row {
    uint32_t hosts;
    uint16_t ports;
    uint32_t live_blocks;
  };
  for (const Row& row : {Row{50'000, 1, 32'768 / 4096}, Row{1000, 4096, 2}}) {
    CAPTURE(row.hosts);
    const auto space = std::make_shared<const ScanSpace>(space_of(row.hosts, row.ports, {}, Order::sequential));
    LiveBlocks blocks;
    uint64_t number = 0;
    for (; number < space->order.block_count() && blocks.has_room_for(*space, number); ++number)
      blocks.open(space, number, std::nullopt);
    CHECK(blocks.count() == row.live_blocks);
    blocks.forget(*blocks.at(0));
    CHECK(blocks.has_room_for(*space, number));
  }
}
