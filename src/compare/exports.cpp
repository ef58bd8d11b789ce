// JSON, CSV and Markdown. The HTML page is in page.cpp.
#include "compare/exports.hpp"

#include "compare/explanation.hpp"
#include "compare/guest_programs.hpp"
#include "compare/json_object.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "output/escape.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

void append_parameters(std::string& out, const Contender& contender) {
  JsonObject object(out);
  if (contender.threads > 0) object.text("threads", std::to_string(contender.threads));
  if (contender.guest != nullptr) object.text("runtime", contender.guest->runtime->name);
  if (!contender.is_loop()) return;
  object.text("loops", std::to_string(contender.loops));
  object.text("in_flight", std::to_string(contender.in_flight));
  object.text("connector", contender.portable ? "portable" : "fastest");
}

void append_correctness(std::string& out, const Correctness& correctness) {
  JsonObject object(out);
  object.value("found", correctness.found);
  object.value("missed", correctness.missed);
  object.value("false", correctness.wrongly_open);
  object.value("unknown", correctness.unknown);
  object.value("misjudged", correctness.misjudged);
}

/// The first fields are hyperfine's; the rest are ours.
void append_entry(std::string& out, const Entry& entry, const Setup& setup) {
  JsonObject object(out);
  object.text("command", entry.contender.name());
  if (!entry.runs.empty()) {
    object.value("mean", entry.wall_s.mean);
    object.known("stddev", entry.runs.size() > 1, entry.wall_s.deviation);  // hyperfine's null, too
    object.value("median", entry.wall_s.median);
    object.value("user", entry.user_s.mean);
    object.value("system", entry.system_s.mean);
    object.value("min", entry.wall_s.min);
    object.value("max", entry.wall_s.max);
  }
  const auto list = [&](std::string_view name, const auto& number_of) {
    object.list(name, entry.runs,
                [&](std::string& text, const RunRecord& run) { text += json_number(number_of(run)); });
  };
  list("times", [](const RunRecord& run) { return static_cast<double>(run.wall_us) * 1e-6; });
  list("memory_usage_byte", [](const RunRecord& run) { return run.memory_kib * 1024; });
  list("exit_codes", [](const RunRecord&) { return uint64_t{0}; });
  append_parameters(object.key("parameters"), entry.contender);
  object.key("rank") += entry.rank ? std::to_string(*entry.rank) : "null";
  if (entry.withheld == Withheld::no)
    object.key("rank_withheld") += "null";
  else
    object.text("rank_withheld", to_text(entry.withheld));
  if (!entry.failure.empty()) object.text("failure", entry.failure);
  if (entry.runs.empty()) return;
  object.value("times_the_fastest", entry.to_fastest.value);
  object.known("times_the_fastest_low", entry.to_fastest.has_interval(), entry.to_fastest.low);
  object.known("times_the_fastest_high", entry.to_fastest.has_interval(), entry.to_fastest.high);
  object.text("to_the_fastest", entry.rank == 1U ? "fastest" : to_text(entry.to_fastest.relation()));
  const std::optional<double> late = entry.late_share();
  object.known("late_share", late.has_value(), late.value_or(0));
  object.value("error_rate", entry.error_rate);
  object.value("probes_per_second", entry.probes_per_s(setup.probes));
  append_correctness(object.key("answer"), entry.correctness);
  for (const RecordField& field : record_fields())
    list(field.name, [&field](const RunRecord& run) { return field.of(run); });
}

void append_setup(JsonObject& object, const Comparison& comparison) {
  const Setup& setup = comparison.setup;
  object.flag("complete", comparison.complete);
  object.text("command_line", setup.command_line);
  object.text("targets", setup.targets);
  object.text("ports", setup.ports);
  object.value("probes", setup.probes);
  object.value("open_ports", comparison.open_ports);
  object.text("reference", comparison.truth.empty() ? "consensus" : "lab");
  object.text("lab", setup.lab_profile);
  object.value("timeout_ms", uint64_t{setup.timeout_ms});
  object.value("retries", uint64_t{setup.retries});
  object.text("order", to_text(setup.order));
  object.value("seed", setup.seed);
  object.value("runs", uint64_t{setup.runs});
  object.value("warmup", uint64_t{setup.warmup});
}

std::string markdown_cell(const std::string& text) {
  std::string cell;
  append_visible(cell, text, "|`");
  return cell;
}

}  // namespace

std::string to_json(const Comparison& comparison) {
  std::string out;
  {
    JsonObject object(out);
    object.lines("results", comparison.entries,
                 [&](std::string& text, const Entry& entry) { append_entry(text, entry, comparison.setup); });
    append_setup(object, comparison);
    {
      JsonObject environment(object.key("environment"));
      for (const auto& [name, value] : comparison.setup.environment) environment.text(name, value);
    }
    if (comparison.unit_costs) object.key("explanation") += explanation_json(comparison);
    object.texts("words", sentences(comparison));
  }
  return out + '\n';
}

std::string to_csv(const Comparison& comparison) {
  const Setup& setup = comparison.setup;
  std::string out = "model,threads,loops,in_flight,run,rank,rank_withheld,found,missed,false,unknown,misjudged";
  for (const RecordField& field : record_fields()) out.append(",").append(field.name);
  // A table has no place for what applies to all runs, so it is repeated in each row.
  out += ",probes,timeout_ms,retries,order,seed,complete,targets,ports,lab,command_line";
  for (const auto& [name, value] : setup.environment) out += ',' + name;
  out += "\r\n";
  for (const Entry& entry : comparison.entries) {
    for (size_t i = 0; i < entry.runs.size(); ++i) {
      const RunRecord& run = entry.runs[i];
      const Contender& c = entry.contender;
      const Correctness& answer = entry.answers[i];
      append_csv_cell(out, c.name());
      for (const uint64_t n : {uint64_t{c.threads}, uint64_t{c.loops}, uint64_t{c.in_flight}, uint64_t{i + 1}})
        out += ',' + std::to_string(n);
      out += ',';
      if (entry.rank) out += std::to_string(*entry.rank);
      out.append(",").append(to_text(entry.withheld));
      for (const uint64_t n : {answer.found, answer.missed, answer.wrongly_open, answer.unknown, answer.misjudged})
        out += ',' + std::to_string(n);
      for (const RecordField& field : record_fields()) out += ',' + std::to_string(field.of(run));
      for (const uint64_t n : {setup.probes, uint64_t{setup.timeout_ms}, uint64_t{setup.retries}})
        out += ',' + std::to_string(n);
      out.append(",").append(to_text(setup.order)).append(",").append(std::to_string(setup.seed));
      out += comparison.complete ? ",true" : ",false";
      for (const std::string& text : {setup.targets, setup.ports, setup.lab_profile, setup.command_line})
        append_csv_cell(out += ',', text);
      for (const auto& [name, value] : setup.environment) append_csv_cell(out += ',', value);
      out += "\r\n";
    }
  }
  return out;
}

std::string to_markdown(const Comparison& comparison) {
  std::string out;
  for (const std::string& sentence : sentences(comparison)) out += sentence + ' ';
  if (!out.empty()) out.back() = '\n';
  out +=
      "\n| rank | model | found | missed | false | unknown | misjudged | wall time | median | min | max | × fastest "
      "[95 %] | "
      "user | system | memory | threads | in flight | late |\n";
  out += "|---:|:---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const Entry* entry : comparison.ranked()) {
    out.append("| ")
        .append(entry->rank ? std::to_string(*entry->rank) : "-")
        .append(" | `")
        .append(entry->contender.name())
        .append("` |");
    if (entry->runs.empty()) {
      out += " no run";
      if (!entry->failure.empty()) out.append(": ").append(markdown_cell(entry->failure));
      out += " | | | | | | | | | | | | | | | |\n";
      continue;
    }
    const Correctness& answer = entry->correctness;
    for (const uint64_t n : {answer.found, answer.missed, answer.wrongly_open, answer.unknown, answer.misjudged})
      out += ' ' + grouped(n) + " |";
    for (const std::string& text :
         {spread_text(entry->wall_s), duration_text(entry->wall_s.median), duration_text(entry->wall_s.min),
          duration_text(entry->wall_s.max),
          comparison.fastest() == nullptr ? std::string("-") : ratio_cell(entry->to_fastest),
          duration_text(entry->user_s.median), duration_text(entry->system_s.median),
          memory_text(entry->median(&RunRecord::memory_kib)), count_text(entry->median(&ModelRun::peak_threads)),
          count_text(entry->median(&ModelRun::peak_in_flight)), late_text(*entry)}) {
      out += ' ' + text + " |";
    }
    out += '\n';
  }
  out += explanation_markdown(comparison);
  const Setup& setup = comparison.setup;
  out += "\n`" + markdown_cell(setup.command_line) + "`: " + markdown_cell(setup.targets) + ", ports " + setup.ports +
         ", " + std::string(to_text(setup.order)) + " order, seed " + std::to_string(setup.seed) + ", " +
         std::to_string(setup.runs) + " runs after " + std::to_string(setup.warmup) + " warm-up runs, timeout " +
         std::to_string(setup.timeout_ms) + " ms, retries " + std::to_string(setup.retries) +
         (comparison.complete ? "" : "; incomplete: interrupted") + "\n\n";
  for (const auto& [name, value] : setup.environment) out += "- " + name + ": " + markdown_cell(value) + '\n';
  return out;
}

}  // namespace portloop::compare
