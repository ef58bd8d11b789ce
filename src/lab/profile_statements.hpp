// The statements of a profile: each function parses the words after a keyword into the profile.
#pragma once

#include "lab/profile.hpp"
#include "lab/statement_words.hpp"

namespace portloop::lab {

Outcome parse_prefixes(Profile& profile, Words words);
Outcome parse_seed(Profile& profile, Words words);
Outcome parse_link(Profile& profile, Words words);
Outcome parse_gateway(Profile& profile, Words words);
Outcome parse_broadcast_loss(Profile& profile, Words words);
Outcome parse_uplink(Profile& profile, Words words);
Outcome parse_router(Profile& profile, Words words);
Outcome parse_rtt(Profile& profile, Words words);
Outcome parse_jitter(Profile& profile, Words words);
Outcome parse_loss(Profile& profile, Words words);
Outcome parse_outage(Profile& profile, Words words);
Outcome parse_exists(Profile& profile, Words words);
Outcome parse_missing(Profile& profile, Words words);
Outcome parse_accepts_all(Profile& profile, Words words);
Outcome parse_open(Profile& profile, Words words);
Outcome parse_closed(Profile& profile, Words words);
Outcome parse_rst_per_second(Profile& profile, Words words);
Outcome parse_bans(Profile& profile, Words words);
Outcome parse_gone_at(Profile& profile, Words words);
Outcome parse_back_at(Profile& profile, Words words);

}  // namespace portloop::lab
