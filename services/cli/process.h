// One running process of Belgrand: the roles it serves, its gRPC server, its HTTP page for
// operators.
//
// Create wires everything and rolls back on failure; Start serves; Stop is idempotent, bounded by
// the configured stop_timeout, and undoes things last in first out. Signals and flags are the
// caller's, so that tests can embed a process. Ports may be 0.
//
// Not thread-safe: one owner calls Create, Start and Stop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "services/shared/peers.h"

namespace belgrand::cli {

class Process {
 public:
  // `config` has its defaults filled in. InvalidArgument: a role it depends on is neither served
  // here nor has an address under peers. Unavailable: a port or a directory cannot be had.
  static base::StatusOr<std::unique_ptr<Process>> Create(
      const config::v1::Config& config, const std::vector<shared::RoleName>& roles,
      const base::Clock& clock = base::Clock::System());
  ~Process();

  base::Status Start();
  void Stop();

  int grpc_port() const;
  int http_port() const;

 private:
  struct Impl;
  explicit Process(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::cli
