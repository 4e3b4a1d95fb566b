// The sensors role: the catalogue of sensors and their readings, over gRPC.
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::sensors {

// Opens (or creates) the database in <data_dir>/sensors. Serves SensorService and
// SensorsStewardService.
base::StatusOr<std::unique_ptr<shared::Role>> CreateSensorsRole(const config::v1::Config& config,
                                                                const shared::Runtime& runtime);

}  // namespace belgrand::sensors
