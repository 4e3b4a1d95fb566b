// What a process answers for the services of roles that it does not serve.
//
// gRPC ends a call to an unknown service with UNIMPLEMENTED and no text; whoever has every role in
// a process of its own and asks the wrong one then learns nothing. These services end every call
// with UNIMPLEMENTED too, and say which role to ask. They read no request, know no caller and hold
// nothing, so no policy stands in front of them.
//
// Thread safety: safe once made.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/shared/peers.h"

namespace belgrand::cli {

// Every service that a role other than operations (which each process serves) is asked by, by its
// full name.
struct RoleService {
  shared::RoleName role;
  std::string_view service;
};
std::vector<RoleService> RoleServices();

// What a call to `service` is told where its role is not served.
std::string AbsentMessage(const RoleService& service);

// Of all roles but `served`. They must outlive the server that they are given to.
std::vector<std::unique_ptr<grpc::Service>> AbsentServices(
    const std::vector<shared::RoleName>& served);

}  // namespace belgrand::cli
