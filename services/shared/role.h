// What the process knows of a role: its gRPC services and its life.
//
// Life: Create (wires, opens its store, rolls back on failure) -> the server is bound with
// services() -> Start (peers are reachable; background work begins) -> Stop (idempotent; ends long
// streams and background work; called before the gRPC server drains) -> destruction (after the
// server is gone).
#pragma once

#include <grpcpp/impl/service_type.h>

#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/http/server.h"
#include "services/shared/compliance_access.h"
#include "services/shared/sample_appender.h"

namespace belgrand::backup {
class Sink;
}

namespace belgrand::shared {

class Role {
 public:
  virtual ~Role() = default;
  virtual std::string_view name() const = 0;
  virtual std::vector<grpc::Service*> services() = 0;
  // Of the role that stores samples: for intake in the same process. Lives as long as the role.
  virtual SampleAppender* sample_appender() { return nullptr; }
  // Of the compliance role: for the guard and intake in the same process.
  virtual ComplianceAccess* compliance_access() { return nullptr; }
  // What it offers over HTTP, to whoever may reach the listener: nothing personal. Served between
  // Start and destruction.
  virtual std::vector<http::Route> http_routes() { return {}; }
  virtual base::Status Start() = 0;
  virtual void Stop() = 0;
  // OK when calls can be answered; otherwise why not (shown by /readyz).
  virtual base::Status Ready() = 0;
  // Why it stores nothing any more since the disk refused a write; OK otherwise, and where nothing
  // is stored. Cheap: asked at every scrape.
  virtual base::Status StoreStatus() { return base::OkStatus(); }
  // Hands over what it stores, while it serves; called between Start and Stop. A role that stores
  // nothing has nothing to do.
  virtual base::Status BackUp(backup::Sink&) { return base::OkStatus(); }
};

}  // namespace belgrand::shared
