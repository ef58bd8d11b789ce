#include "cli/record/checkpoint.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "cli/exit_status.hpp"
#include "cli/record/replace_file.hpp"

using namespace portloop;

namespace {

Checkpoint checkpoint_with_everything() {
  Checkpoint c;
  c.words = {"--shard", "2/3", "a name with blanks", ""};
  c.directory = "/a directory";
  c.ports = *parse_ports("22,80-90", nullptr);
  c.order = Order::sequential;
  c.seed = UINT64_MAX;
  c.shard = {2, 3};
  c.list.targets = TargetSet({parse_target("10.0.0.0/24")->ranges[0], parse_target("fd00::1")->ranges[0]}, {});
  c.list.names = {{*parse_address("fd00::1"), {"host\x1b\n.test", "b.test"}}};
  c.list.failed_names = 1;
  c.started_us = 1'700'000'000'000'000;
  c.elapsed_us = 12;
  c.counts = {50, 40, 7, 4};
  c.unknown["local-error:EMFILE"] = {4, {*parse_address("10.0.0.7"), 80}};
  c.finished.add(PositionRange{0, 99});
  c.finished.add(200);
  c.unknown_positions = {0, 7, 99, 200};
  c.outputs = {{"json", "/tmp/a b", "/tmp/a b.partial", true, 5, 6, 0xfedcba9876543210, "one\ntwo\n"}, {}};
  c.outputs[1].format = "text";
  return c;
}

/// A file of the test's own.
class File {
 public:
  explicit File(const std::string& text) {
    close(mkstemp(path_));
    REQUIRE(replace_file(path_, "checkpoint", text) == "");
  }
  ~File() { unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/checkpoint_test.XXXXXX";
};

}  // namespace

TEST_CASE("a checkpoint that is read writes the same text again") {
  const Checkpoint written = checkpoint_with_everything();
  const std::string text = checkpoint_text(written);
  const File file(text);
  LineReader reader(file.path());
  CHECK(is_checkpoint(reader));
  const Checkpoint read = read_checkpoint(file.path());
  CHECK(checkpoint_text(read) == text);
  CHECK(read.words == written.words);
  CHECK(read.directory == written.directory);
  CHECK(read.list.targets.ranges() == written.list.targets.ranges());
  CHECK(read.list.names == written.list.names);
  CHECK(read.counts == written.counts);
  CHECK(read.unknown.at("local-error:EMFILE").first == written.unknown.at("local-error:EMFILE").first);
  CHECK(read.finished.ranges() == written.finished.ranges());
  CHECK(read.unknown_positions == written.unknown_positions);
  CHECK(read.outputs[0].writer_state == written.outputs[0].writer_state);
  CHECK(read.outputs[0].hash == written.outputs[0].hash);
}

TEST_CASE("no checkpoint is read whose counts, positions and targets do not fit together") {
  const std::vector<std::function<void(Checkpoint&)>> changes = {
      [](Checkpoint& c) { c.counts[PortState::open] += 1; },
      [](Checkpoint& c) { c.counts[PortState::open] = UINT64_MAX; },
      [](Checkpoint& c) {
        c.finished.add(PositionRange{1'000, 4'000'000'000'000'000'000});
      },
      [](Checkpoint& c) { c.finished.add(1027); },  // the shard has 1,028 of 3,084 probes
      [](Checkpoint& c) { c.all_probed = true; },
      [](Checkpoint& c) { c.unknown_positions.pop_back(); },
      [](Checkpoint& c) { c.unknown_positions[1] = 150; },
      [](Checkpoint& c) {
        c.unknown["no-route"] = {UINT64_MAX, {*parse_address("10.0.0.7"), 80}};
      },
      [](Checkpoint& c) { c.list.targets = TargetSet(parse_target("2000::/3")->ranges, {}); },
  };
  for (const auto& change : changes) {
    Checkpoint c = checkpoint_with_everything();
    CHECK_NOTHROW(read_checkpoint(File(checkpoint_text(c)).path()));
    change(c);
    CHECK_THROWS_AS(read_checkpoint(File(checkpoint_text(c)).path()), UsageError);
  }
}

TEST_CASE("no checkpoint is read with a byte missing or changed") {
  const std::string text = checkpoint_text(checkpoint_with_everything());
  for (size_t i = 0; i < text.size(); i += 7) {
    std::string changed = text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    CHECK_THROWS_AS(read_checkpoint(File(changed).path()), UsageError);
    CHECK_THROWS_AS(read_checkpoint(File(text.substr(0, i)).path()), UsageError);
  }
}

TEST_CASE("shards of one scan have one hash; another order, seed, port or target has another") {
  const Checkpoint c = checkpoint_with_everything();
  const uint64_t hash = scan_hash(c.list.targets, c.ports, c.order, c.seed);
  CHECK(scan_hash(c.list.targets, c.ports, Order::random, c.seed) != hash);
  CHECK(scan_hash(c.list.targets, c.ports, c.order, 0) != hash);
  CHECK(scan_hash(c.list.targets, *parse_ports("22", nullptr), c.order, c.seed) != hash);
  CHECK(scan_hash(TargetSet(parse_target("10.0.0.0/24")->ranges, {}), c.ports, c.order, c.seed) != hash);
}

TEST_CASE("a file that can't be replaced is reported by its name") {
  CHECK(replace_file("/nonexistent/x", "checkpoint 'x'", "text") ==
        "checkpoint 'x' can't be written: No such file or directory");
}
