// --explain: for each model, what its time should be, and what it was. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/cost_model.hpp"

namespace portloop::compare {

/// An input whose value for this model is not what the prediction assumes.
enum class Deviation : uint8_t {
  none,        ///< No input that was measured explains the difference.
  answers,     ///< Its answers took longer, or less long.
  in_flight,   ///< It had fewer connects in flight than it may.
  processors,  ///< It used fewer processors than it can.
  run_delay,   ///< Its first thread waited for a processor.
  in_turn,     ///< All connects were started before the first answer: it worked first, and then it waited.
};

struct Explained {
  const Entry* entry = nullptr;
  CostInputs inputs;
  Prediction prediction;
  double measured_s = 0;
  bool off = false;                         ///< By more than a third.
  Deviation deviation = Deviation::none;    ///< If `off`: the input that explains it best.
  CostTerm wrong_term = CostTerm::waiting;  ///< If `off` and `deviation` is not none: the term that has this input.
};

struct Explanation {
  double answer_s = 0;  ///< The lowest median latency of all models.
  double rate = 0;      ///< Of the network, in answers per second; 0 if no model showed a limit.
  const Entry* rate_of = nullptr;
  std::vector<Explained> models;  ///< Those with runs, by rank.
};

/// How many processors a model used on average.
double used_processors(const Entry& entry);

/// `comparison` is evaluated and has unit costs.
Explanation explain(const Comparison& comparison);

/// A table: a row for each model. The first column is text, the others are figures.
struct ExplanationTable {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};
/// Predicted and measured times; the costs of a probe.
std::vector<ExplanationTable> explanation_tables(const Explanation& explanation);

/// What the terms are made of, where a prediction is wrong, and what would change it.
std::vector<std::string> explanation_sentences(const Comparison& comparison, const Explanation& explanation);

// The whole, for each output. Empty without --explain.
/// For a terminal: tables of at most table_columns columns, and sentences of at most `columns`.
std::string explanation_text(const Comparison& comparison, size_t columns);
std::string explanation_markdown(const Comparison& comparison);
std::string explanation_html(const Comparison& comparison);
std::string explanation_json(const Comparison& comparison);  ///< An object; "null" without --explain.

}  // namespace portloop::compare
