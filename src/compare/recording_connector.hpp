// A connector around another one that records its connects, and the turns of its loop.
//
// A connect lasts from start() until its outcome is known; without one, until release(). A turn lasts from when the
// loop wakes up, with the first outcome or after its wait, until it waits again.
#pragma once

#include <memory>

#include "compare/probe_numbers.hpp"
#include "engine/connector.hpp"
#include "models/recording.hpp"

namespace portloop::compare {

/// `numbers` and `recording` outlive the connector. `loop`: its number, from 0.
std::unique_ptr<Connector> make_recording_connector(std::unique_ptr<Connector> inner, uint32_t loop,
                                                    const ProbeNumbers& numbers, Recording& recording);

}  // namespace portloop::compare
