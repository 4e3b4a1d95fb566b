// Lets ThreadSanitizer see that a call's handler runs after what its caller did before it, and the
// caller goes on after what the handler did: gRPC comes from a library that it did not build, so it
// does not see how gRPC passes calls between threads. Other builds get nothing of this.
#pragma once

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <vector>

namespace belgrand::rpc {

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
OrderOfClientCalls();
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
OrderOfServerCalls();

}  // namespace belgrand::rpc
