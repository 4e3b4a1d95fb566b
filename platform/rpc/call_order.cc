#include "platform/rpc/call_order.h"

#if defined(__SANITIZE_THREAD__)

#include <sanitizer/tsan_interface.h>

namespace belgrand::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

// One place for all calls: it orders more than gRPC does, so that a race between two calls is only
// seen while neither begins or ends; without it every message is reported.
char order;

class Order final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    for (const auto sends :
         {InterceptionHookPoints::PRE_SEND_INITIAL_METADATA,
          InterceptionHookPoints::PRE_SEND_MESSAGE, InterceptionHookPoints::PRE_SEND_STATUS}) {
      if (methods->QueryInterceptionHookPoint(sends)) __tsan_release(&order);
    }
    for (const auto receives :
         {InterceptionHookPoints::POST_RECV_INITIAL_METADATA,
          InterceptionHookPoints::POST_RECV_MESSAGE, InterceptionHookPoints::POST_RECV_STATUS,
          InterceptionHookPoints::POST_RECV_CLOSE}) {
      if (methods->QueryInterceptionHookPoint(receives)) __tsan_acquire(&order);
    }
    methods->Proceed();
  }
};

class Orders final : public grpc::experimental::ClientInterceptorFactoryInterface,
                     public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new Order;  // gRPC owns it
  }
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo*) override {
    return new Order;
  }
};

template <typename Factory>
std::vector<std::unique_ptr<Factory>> One() {
  std::vector<std::unique_ptr<Factory>> factories;
  factories.push_back(std::make_unique<Orders>());
  return factories;
}

}  // namespace

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
OrderOfClientCalls() {
  return One<grpc::experimental::ClientInterceptorFactoryInterface>();
}
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
OrderOfServerCalls() {
  return One<grpc::experimental::ServerInterceptorFactoryInterface>();
}

}  // namespace belgrand::rpc

#else

namespace belgrand::rpc {

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
OrderOfClientCalls() {
  return {};
}
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
OrderOfServerCalls() {
  return {};
}

}  // namespace belgrand::rpc

#endif
