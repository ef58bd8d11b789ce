// From the words that a person typed (arguments, files, standard input) to the set of addresses to scan.
#pragma once

#include <uv.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/targets/name_lookup.hpp"
#include "cli/targets/target_words.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"
#include "core/target_spec.hpp"

namespace portloop {

/// As typed, in the order in which they were found, each once.
using HostNames = std::vector<std::string>;

/// A target with ports of its own.
struct OwnPorts {
  AddressRange range;
  PortSet ports;
};

struct TargetList {
  TargetSet targets;                   ///< With the scan's ports.
  std::vector<OwnPorts> own_ports;     ///< In the order in which they were given.
  std::map<Address, HostNames> names;  ///< Of addresses that were given by name; none is empty.
  size_t failed_names = 0;             ///< Each has been reported on stderr.
};

/// Parses a word that names a target. Throws UsageError.
TargetSpec parse_included(const std::string& word);
/// The words of the command line.
std::vector<std::string> included_words(const TargetWords& given);

/// The addresses of a name that are scanned, of which there is at least one: the first, or all. Reports the others
/// unless `words` are quiet.
std::vector<Address> taken_addresses(const TargetWords& words, const FoundName& found);

/// "'x' does not resolve: ...".
std::string failure_text(const FoundName& found);

/// The excluded addresses, whose names are looked up on `loop`. Throws UsageError.
TargetSet collect_excluded(const TargetWords& words, uv_loop_t* loop);

/// Whether `list`, which a checkpoint recorded, has only addresses that the words name: its numeric targets, the
/// recorded addresses of its names, and whatever an input file had. No excluded address may be among them. Throws
/// UsageError for a wrong word.
bool are_named_by(const TargetWords& words, const TargetList& list);

/// Parses every word, looks names up on `loop` (which runs here until they are known), and removes what is excluded.
/// `ports`: how many ports of each address will be scanned. Throws UsageError for a wrong word, for an empty file, for
/// more than 2^63 probes, and if nothing is left to scan; CannotRun for a file that can't be read.
TargetList collect_targets_with_ports(const TargetWords& words, uint64_t ports, uv_loop_t* loop);

/// The same for a scan that has the same ports everywhere: also throws UsageError for a target with ports of its own,
/// with `why`, such as "portloop watch".
TargetList collect_targets(const TargetWords& words, uint64_t ports, uv_loop_t* loop,
                           const std::string& why = "this command");

}  // namespace portloop
