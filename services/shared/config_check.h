// What a configuration means: its defaults, and everything that is wrong with it.
//
// Checked before any role starts, whole: a person who mends one line should not meet the next
// mistake only then. What a role alone understands (the receivers of alerting, the names of
// detectors) is checked by that role and joined by `belgrand check-config`.
//
// Thread safety: safe. Reads the file system (whether TLS files can be read), changes nothing.
#pragma once

#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "services/shared/peers.h"

namespace belgrand::shared {

// Fills every absent field with the default that its comment in config.proto promises.
config::v1::Config WithDefaults(config::v1::Config config);

// Every problem, "<field>: what is wrong; what to do", in the order of the fields; empty: none.
// Absent fields stand for their defaults.
std::vector<std::string> CheckConfig(const config::v1::Config& config);

// The address of a role in the configuration; empty: not given.
const std::string& PeerAddress(const config::v1::Peers& peers, RoleName role);

// What a process that serves just these roles lacks: the address of each role that one of them
// calls and that it does not serve itself. Same form and order.
std::vector<std::string> CheckPeersOf(const config::v1::Config& config,
                                      const std::vector<RoleName>& roles);

}  // namespace belgrand::shared
