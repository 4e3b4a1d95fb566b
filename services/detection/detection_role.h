// The detection role: follows the samples, judges them, hands signals to alerting.
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::detection {

// Opens <data_dir>/detection. InvalidArgument: the configuration names a detector that does not
// exist.
base::StatusOr<std::unique_ptr<shared::Role>> CreateDetectionRole(const config::v1::Config& config,
                                                                  const shared::Runtime& runtime);

}  // namespace belgrand::detection
