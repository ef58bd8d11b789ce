#include "compare/trace.hpp"

#include <set>

#include "output/escape.hpp"

namespace portloop::compare {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

/// Collects the events of one model, whose process has the number `pid`.
class ModelTrace {
 public:
  ModelTrace(std::string& out, size_t pid) : out_(out), pid_(std::to_string(pid)) {}

  /// The members that follow "ph" and "pid".
  void event(std::string_view phase, const std::string& members) {
    out_ += out_.ends_with('[') ? "\n" : ",\n";
    out_.append("{\"ph\":\"").append(phase).append("\",\"pid\":").append(pid_).append(",").append(members).append("}");
  }
  void metadata(std::string_view name, const std::string& members) {
    event("M", "\"name\":" + quoted(name) + ',' + members);
  }
  void name_thread(uint32_t thread, std::string_view kind) {
    metadata("thread_name",
             place(thread) + ",\"args\":{\"name\":\"" + std::string(kind) + ' ' + std::to_string(thread + 1) + "\"}");
  }
  static std::string place(uint32_t thread) { return "\"tid\":" + std::to_string(thread + 1); }
  /// Unique among the slots of all models.
  std::string id(const RecordedConnect& connect) const {
    return "\"id\":\"" + pid_ + '.' + std::to_string(connect.thread + 1) + '.' + std::to_string(connect.slot + 1) + '"';
  }

 private:
  std::string& out_;
  std::string pid_;
};

std::string at(uint32_t us) { return "\"ts\":" + std::to_string(us); }
std::string lasting(uint32_t start_us, uint32_t end_us) {
  return at(start_us) + ",\"dur\":" + std::to_string(end_us - start_us);
}

void add_connect(ModelTrace& trace, const RecordedConnect& connect, bool is_loop, const std::string& target) {
  const std::string names = "\"name\":\"" + std::string(connect_outcome(connect.state)) + "\",\"cat\":\"connect\",";
  const std::string arguments = ",\"args\":{\"target\":" + quoted(target) + '}';
  const std::string place = ModelTrace::place(connect.thread);
  if (!is_loop) {
    trace.event("X", names + place + ',' + lasting(connect.start_us, connect.end_us) + arguments);
    return;
  }
  trace.event("b", names + place + ',' + trace.id(connect) + ',' + at(connect.start_us) + arguments);
  trace.event("e", names + place + ',' + trace.id(connect) + ',' + at(connect.end_us));
}

void add_model(ModelTrace& trace, const Entry& entry, size_t number, const TargetSet& targets, const PortSet& ports) {
  const RecordedRun& run = entry.recorded;
  const bool is_loop = entry.contender.is_loop();
  trace.metadata("process_name", "\"args\":{\"name\":" + quoted(entry.contender.name()) + '}');
  trace.metadata("process_sort_index", "\"args\":{\"sort_index\":" + std::to_string(number) + '}');
  const char* const kind = entry.contender.guest != nullptr ? "row" : is_loop ? "loop" : "thread";
  std::set<uint32_t> threads;
  for (const RecordedConnect& connect : run.connects) threads.insert(connect.thread);
  for (const uint32_t thread : threads) trace.name_thread(thread, kind);
  for (const RecordedTurn& turn : run.turns) {
    trace.event("X", "\"name\":\"callbacks\",\"cat\":\"loop\"," + ModelTrace::place(turn.loop) + ',' +
                         lasting(turn.start_us, turn.end_us) + ",\"args\":{\"started\":" +
                         std::to_string(turn.started) + ",\"ended\":" + std::to_string(turn.ended) + '}');
  }
  for (const RecordedConnect& connect : run.connects) {
    const Address host = targets.at(connect.probe / ports.size());
    add_connect(trace, connect, is_loop, to_text(host, ports.at(connect.probe % ports.size())));
  }
  for (const InFlightPoint& point : in_flight_curve(run)) {
    trace.event("C", "\"name\":\"connects in flight\"," + at(point.at_us) +
                         ",\"args\":{\"connects\":" + std::to_string(point.connects) + '}');
  }
}

}  // namespace

std::string trace_json(const Comparison& comparison, const TargetSet& targets, const PortSet& ports) {
  std::string out = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"command\":" + quoted(comparison.setup.command_line) +
                    "},\"traceEvents\":[";
  size_t number = 0;
  for (const Entry& entry : comparison.entries) {
    if (entry.recorded.connects.empty()) continue;
    ModelTrace trace(out, ++number);
    add_model(trace, entry, number, targets, ports);
  }
  return out + "\n]}\n";
}

}  // namespace portloop::compare
