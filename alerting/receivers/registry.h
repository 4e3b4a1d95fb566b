// The kinds of receivers there are. A new one is its own file and one entry in registry.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/links.h"
#include "alerting/receivers/receiver.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"

namespace belgrand::alerting {

// Everything that is wrong with a receiver of the configuration, in words; reads the files it
// names.
std::vector<std::string> CheckReceiver(const config::v1::Receiver& receiver);

// What receivers may need. Lives longer than they do.
struct ReceiverTools {
  const base::Clock& clock;
  // Null: mails hold no links.
  const LinkSigner* links = nullptr;
};

// Null for a stream: its subscriber fetches its events itself.
// REQUIRES: CheckReceiver found nothing.
std::unique_ptr<Receiver> MakeReceiver(const config::v1::Receiver& receiver,
                                       const ReceiverTools& tools);

}  // namespace belgrand::alerting
