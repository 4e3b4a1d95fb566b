// `belgrand submit`: for a laboratory's LIMS. Rows go into a spool on disk first and from there to
// the service, so that neither a crash nor a service that is away loses any.
//
// Exit codes: 0 all rows delivered, none rejected; 5 all delivered, some rejected; 4 what is not
// delivered is safe in the spool and will be sent by the next call; 1 a file was not taken, or the
// service refuses for good (the message says which; what was spooled stays spooled).
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSubmit(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
