// The explanation as tables and sentences, and these in the form of each output.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "compare/explanation.hpp"
#include "compare/json_object.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "compare/words_parts.hpp"

namespace portloop::compare {
namespace {

std::string decimals(const char* format, double number) {
  char text[48];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string name_of(const Explained& model) { return model.entry->contender.name(); }

/// The input that differs for this model, with both values.
std::string deviation_text(const Explained& model) {
  const Entry& entry = *model.entry;
  switch (model.deviation) {
    case Deviation::answers:
      return "its answers took " + duration_text(entry.median(&RunRecord::p50_us) * 1e-6) + ", not " +
             duration_text(model.inputs.answer_s);
    case Deviation::in_flight:
      return "it had " + count_text(entry.median(&ModelRun::peak_in_flight)) + " connects in flight, not " +
             count_text(model.inputs.in_flight);
    case Deviation::processors:
      return "it used " + decimals("%.1f", used_processors(entry)) + " processors, not " +
             decimals("%.3g", model.inputs.processors);
    case Deviation::run_delay:
      return "its first thread waited " + duration_text(entry.median(&RunRecord::run_delay_us) * 1e-6) +
             " for a processor";
    case Deviation::in_turn: return "it started all connects first, and then waited for the answers";
    case Deviation::none: break;
  }
  return "";
}

std::string wrong_text(const Explained& model) {
  const std::string start = name_of(model) + " took " +
                            decimals("%.2f", model.measured_s / std::max(model.prediction.total_s(), 1e-9)) +
                            " times what is predicted: ";
  if (model.deviation == Deviation::none) return start + "no term that is measured here explains it.";
  return start + "the term that is wrong is " + std::string(to_text(model.wrong_term)) + ", as " +
         deviation_text(model) + '.';
}

/// The fastest single loop.
const Explained* loop_of(const Explanation& explanation) {
  for (const Explained& model : explanation.models) {
    if (model.entry->contender.is_loop() && model.entry->contender.loops == 1) return &model;
  }
  return nullptr;
}

/// "; to match loop (72.3 ms) a pool would need 820 threads"
std::string match_text(const Explained& model, const Explained* loop) {
  const Contender& contender = model.entry->contender;
  if (loop == nullptr || contender.kind != ModelKind::thread_pool || model.measured_s <= loop->measured_s) return "";
  CostInputs any_size = model.inputs;
  any_size.processors = std::max(any_size.processors, loop->inputs.processors);
  const double threads = threads_to_match(any_size, loop->measured_s);
  const std::string target = "; to match " + name_of(*loop) + " (" + duration_text(loop->measured_s) + ')';
  if (threads == 0) return target + " no number of threads would do";
  return threads > contender.threads ? target + " a pool would need " + count_text(threads) + " threads" : "";
}

std::string change_text(const Explained& model, const Explained* loop) {
  const CostInputs& inputs = model.inputs;
  switch (model.prediction.binds()) {
    case CostTerm::waiting: {
      const double needed = in_flight_that_suffices(inputs);
      if (needed <= inputs.in_flight) {
        return "it has every wait at the same time: only a shorter " +
               std::string(inputs.silent > 0 ? "timeout" : "round trip") + " would change it";
      }
      CostInputs enough = inputs;
      enough.in_flight = needed;
      return "with " + count_text(needed) + " connects in flight instead of " + count_text(inputs.in_flight) +
             " it would take " + duration_text(predict(enough).total_s()) + match_text(model, loop);
    }
    case CostTerm::processor:
      return duration_text(model.entry->median(&ModelRun::connects) > 0
                               ? inputs.processor_s / model.entry->median(&ModelRun::connects)
                               : 0) +
             " of processor time a probe on " + decimals("%.3g", inputs.processors) +
             (inputs.processors == 1 ? " processor" : " processors") +
             ": cheaper probes would change it, more connects in flight would not";
    case CostTerm::network: return "the network's rate: nothing on this side would change it";
    case CostTerm::start_up: break;
  }
  return "making " + count_text(inputs.threads) + " threads takes longer than all else: fewer would change it" +
         match_text(model, loop);
}

std::string cost_text(double seconds) { return seconds > 0 ? duration_text(seconds) : "-"; }

void append_model(std::string& out, const Explained& model, const Explained* loop) {
  const Prediction& p = model.prediction;
  JsonObject object(out);
  object.text("command", name_of(model));
  object.value("predicted", p.total_s());
  object.value("measured", model.measured_s);
  object.value("waiting", p.waiting_s);
  object.value("processor", p.processor_s);
  object.value("network", p.network_s);
  object.value("start_up", p.start_up_s);
  object.text("binds", to_text(p.binds()));
  object.flag("off", model.off);
  if (model.off && model.deviation != Deviation::none)
    object.text("wrong_term", to_text(model.wrong_term));
  else
    object.key("wrong_term") += "null";
  object.text("change", change_text(model, loop));
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += ' ' + cell + " |";
  return row + '\n';
}

}  // namespace

std::vector<ExplanationTable> explanation_tables(const Explanation& explanation) {
  ExplanationTable times{
      "predicted and measured",
      {"model", "predicted", "measured", "ratio", "waiting", "processor", "network", "start-up", "binds"},
      {}};
  ExplanationTable costs{
      "costs of a probe", {"model", "user", "system", "switches", "of these forced", "run delay"}, {}};
  for (const Explained& model : explanation.models) {
    const Prediction& p = model.prediction;
    times.rows.push_back({name_of(model), duration_text(p.total_s()), duration_text(model.measured_s),
                          decimals("%.2f", model.measured_s / std::max(p.total_s(), 1e-9)) + (model.off ? "!" : ""),
                          cost_text(p.waiting_s), cost_text(p.processor_s), cost_text(p.network_s),
                          cost_text(p.start_up_s), std::string(to_text(p.binds()))});
    const Entry& entry = *model.entry;
    const double connects = std::max(1.0, entry.median(&ModelRun::connects)),
                 forced = entry.median(&RunRecord::switches_involuntary) / connects;
    costs.rows.push_back(
        {name_of(model), cost_text(entry.user_s.median / connects), cost_text(entry.system_s.median / connects),
         decimals("%.3f", entry.median(&RunRecord::switches_voluntary) / connects + forced), decimals("%.3f", forced),
         cost_text(entry.median(&RunRecord::run_delay_us) * 1e-6 / connects)});
  }
  return {times, costs};
}

std::vector<std::string> explanation_sentences(const Comparison& comparison, const Explanation& explanation) {
  std::vector<std::string> out;
  const UnitCosts& costs = *comparison.unit_costs;
  out.push_back("On this machine making a thread takes " + cost_text(costs.thread_s) + ", waking one " +
                cost_text(costs.wakeup_s) + ", a system call " + cost_text(costs.system_call_s) +
                ", starting and stopping a timer " + cost_text(costs.timer_s) + ". Half of the answers take " +
                cost_text(explanation.answer_s) + " or longer without a queue.");
  out.push_back(explanation.rate > 0
                    ? "The network answered up to " + count_text(explanation.rate) + " connects per second (" +
                          explanation.rate_of->contender.name() + "), while the rest queued."
                    : std::string("No model filled a queue of the network, so its rate is not known and limits none."));
  const Explained* const loop = loop_of(explanation);
  for (const Explained& model : explanation.models)
    out.push_back(name_of(model) + ": " + change_text(model, loop) + '.');
  for (const Explained& model : explanation.models) {
    if (model.off) out.push_back(wrong_text(model));
  }
  return out;
}

std::string explanation_text(const Comparison& comparison, size_t columns) {
  if (!comparison.unit_costs) return "";
  const Explanation explanation = explain(comparison);
  std::string text;
  for (const ExplanationTable& table : explanation_tables(explanation)) {
    std::vector<size_t> widths(table.header.size(), 0);
    widths[0] = std::max(name_columns_of(comparison), columns_of(table.title));
    const auto widen = [&widths](const std::vector<std::string>& cells) {
      for (size_t i = 1; i < cells.size(); ++i) widths[i] = std::max(widths[i], columns_of(cells[i]) + 2);
    };
    widen(table.header);
    for (const auto& row : table.rows) widen(row);
    if (std::accumulate(widths.begin(), widths.end(), size_t{0}) > table_columns) {
      for (size_t i = 1; i < widths.size(); ++i) --widths[i];
    }
    std::vector<std::vector<std::string>> lines = table.rows;
    lines.insert(lines.begin(), table.header);
    lines.front().front() = table.title;
    for (const auto& cells : lines) {
      text += left(cells[0], widths[0]);
      for (size_t i = 1; i < cells.size(); ++i) text += right(cells[i], widths[i]);
      text += '\n';
    }
    text += '\n';
  }
  for (const std::string& sentence : explanation_sentences(comparison, explanation))
    text += paragraph({sentence}, columns);
  return text;
}

std::string explanation_markdown(const Comparison& comparison) {
  if (!comparison.unit_costs) return "";
  const Explanation explanation = explain(comparison);
  std::string text;
  for (const ExplanationTable& table : explanation_tables(explanation)) {
    text += "\n**" + table.title + "**\n\n" + markdown_row(table.header) + "|:---|";
    for (size_t i = 1; i < table.header.size(); ++i) text += "---:|";
    text += '\n';
    for (std::vector<std::string> row : table.rows) {
      row[0] = '`' + row[0] + '`';
      text += markdown_row(row);
    }
  }
  text += '\n';
  for (const std::string& sentence : explanation_sentences(comparison, explanation)) text += "- " + sentence + '\n';
  return text;
}

std::string explanation_html(const Comparison& comparison) {
  if (!comparison.unit_costs) return "";
  const Explanation explanation = explain(comparison);
  std::string text = "<h2>Predicted and measured</h2>\n";
  for (const ExplanationTable& table : explanation_tables(explanation)) {
    text +=
        "<div class=\"scroll\" tabindex=\"0\"><table><caption>" + markup_text(table.title) + "</caption><thead><tr>";
    for (size_t i = 0; i < table.header.size(); ++i)
      text += std::string(i == 0 ? "<th scope=\"col\" class=\"model\">" : "<th scope=\"col\">") +
              markup_text(table.header[i]) + "</th>";
    text += "</tr></thead><tbody>\n";
    for (const auto& row : table.rows) {
      text += "<tr><th scope=\"row\" class=\"model\">" + markup_text(row[0]) + "</th>";
      for (size_t i = 1; i < row.size(); ++i) text += "<td>" + markup_text(row[i]) + "</td>";
      text += "</tr>\n";
    }
    text += "</tbody></table></div>\n";
  }
  text += "<ul class=\"words\">\n";
  for (const std::string& sentence : explanation_sentences(comparison, explanation))
    text += "<li>" + markup_text(sentence) + "</li>\n";
  return text + "</ul>\n";
}

std::string explanation_json(const Comparison& comparison) {
  if (!comparison.unit_costs) return "null";
  const Explanation explanation = explain(comparison);
  const UnitCosts& costs = *comparison.unit_costs;
  const Explained* const loop = loop_of(explanation);
  std::string out;
  {
    JsonObject object(out);
    object.value("thread", costs.thread_s);
    object.value("wakeup", costs.wakeup_s);
    object.value("system_call", costs.system_call_s);
    object.value("timer", costs.timer_s);
    object.value("processors", costs.processors);
    object.value("answer", explanation.answer_s);
    object.known("rate", explanation.rate > 0, explanation.rate);
    object.lines("models", explanation.models,
                 [&](std::string& text, const Explained& model) { append_model(text, model, loop); });
    object.texts("words", explanation_sentences(comparison, explanation));
  }
  return out;
}

}  // namespace portloop::compare
