#include "platform/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_interceptor.h>

#include <algorithm>

#include "platform/base/address.h"
#include "platform/rpc/answer_gate.h"
#include "platform/rpc/call_headers.h"
#include "platform/rpc/call_order.h"

namespace belgrand::rpc {

namespace {

using grpc::experimental::InterceptionHookPoints;

class AddHeaders final : public grpc::experimental::Interceptor {
 public:
  explicit AddHeaders(const Headers& headers) : headers_(headers) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      for (const auto& header : headers_) methods->GetSendInitialMetadata()->insert(header);
    }
    methods->Proceed();
  }

 private:
  const Headers headers_;
};

class AddHeadersFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit AddHeadersFactory(Headers headers) : headers_(std::move(headers)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new AddHeaders(headers_);  // gRPC owns it
  }

 private:
  const Headers headers_;
};

class TellWithheld final : public grpc::experimental::Interceptor {
 public:
  explicit TellWithheld(const OnWithheld& tell) : tell_(tell) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      const auto& trailers = *methods->GetRecvTrailingMetadata();
      if (const auto found = trailers.find(kWithheldTrailer); found != trailers.end()) {
        tell_(std::string_view(found->second.data(), found->second.size()));
      }
    }
    methods->Proceed();
  }

 private:
  const OnWithheld tell_;
};

class TellWithheldFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TellWithheldFactory(OnWithheld tell) : tell_(std::move(tell)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new TellWithheld(tell_);  // gRPC owns it
  }

 private:
  const OnWithheld tell_;
};

}  // namespace

base::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& target,
                                                           const std::optional<TlsFiles>& tls,
                                                           int max_message_bytes) {
  return OpenChannelWithHeaders(target, tls, {}, max_message_bytes);
}

base::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannelWithHeaders(
    const std::string& target, const std::optional<base::TlsFiles>& tls, Headers headers,
    int max_message_bytes, OnWithheld on_withheld) {
  ASSIGN_OR_RETURN(const base::Address address, base::ParseAddress(target));
  if (!tls && !base::IsLoopback(address)) {
    return base::PermissionDenied(
        "{} is not loopback and tls is not configured: samples and alerts do not cross a network "
        "in plain text",
        target);
  }
  ASSIGN_OR_RETURN(auto credentials, ClientCredentials(tls));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(max_message_bytes);
  arguments.SetMaxSendMessageSize(max_message_bytes);
  // A peer that restarts should be found again within a second, not after gRPC's default of
  // minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // This is also how long one attempt may take, handshake included, and a busy peer needs a while.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A peer that is gone without a word is noticed while a call waits for it. The server allows a
  // ping every 20 s by default.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  auto interceptors = OrderOfClientCalls();
  if (!headers.empty()) {
    interceptors.push_back(std::make_unique<AddHeadersFactory>(std::move(headers)));
  }
  if (on_withheld) {
    interceptors.push_back(std::make_unique<TellWithheldFactory>(std::move(on_withheld)));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, arguments,
                                                                 std::move(interceptors));
}

void SetTimeout(grpc::ClientContext& context, base::Duration timeout, Deadline latest) {
  context.set_deadline(std::min(std::chrono::system_clock::now() + timeout, latest));
}

bool IsPast(Deadline deadline) { return deadline <= std::chrono::system_clock::now(); }

}  // namespace belgrand::rpc
