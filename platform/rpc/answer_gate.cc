#include "platform/rpc/answer_gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace belgrand::rpc {

namespace pb = google::protobuf;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

struct AnswerGate::Call {
  base::Mutex mutex;
  Filter filter GUARDED_BY(mutex);
};

class AnswerGate::Interceptor final : public grpc::experimental::Interceptor {
 public:
  Interceptor(AnswerGate& gate, const grpc::ServerContextBase* context)
      : gate_(gate), context_(context) {
    const base::MutexLock lock(gate_.mutex_);
    gate_.calls_[context_] = &call_;
  }
  ~Interceptor() override {
    const base::MutexLock lock(gate_.mutex_);
    gate_.calls_.erase(context_);
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      Look(*methods);
    }
    if (!left_out_.empty() &&
        methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      methods->GetSendTrailingMetadata()->emplace(kWithheldTrailer,
                                                  fmt::format("{}", fmt::join(left_out_, ",")));
    }
    methods->Proceed();
  }

 private:
  void Look(InterceptorBatchMethods& methods) {
    // Of every message that generated code sends, MessageLite is the first base.
    const auto* lite = static_cast<const pb::MessageLite*>(methods.GetSendMessage());
    if (lite == nullptr) return;
    Filter filter;
    {
      const base::MutexLock lock(call_.mutex);
      filter = call_.filter;
    }
    const auto* answer = dynamic_cast<const pb::Message*>(lite);
    if (filter && answer != nullptr) {
      instead_ = filter(*answer, left_out_);
    } else {
      instead_.reset(lite->New());
    }
    if (instead_) methods.ModifySendMessage(instead_.get());
  }

  AnswerGate& gate_;
  const grpc::ServerContextBase* const context_;
  Call call_;
  std::set<std::string> left_out_;
  std::unique_ptr<pb::MessageLite> instead_;  // until it is written
};

class AnswerGate::Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(AnswerGate& gate) : gate_(gate) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    if (!gate_.watches_(info->method())) return nullptr;
    return new Interceptor(gate_, info->server_context());  // gRPC owns it
  }

 private:
  AnswerGate& gate_;
};

AnswerGate::AnswerGate(Watches watches) : watches_(std::move(watches)) {}
AnswerGate::~AnswerGate() = default;

void AnswerGate::Set(const grpc::ServerContextBase& context, Filter filter) {
  const base::MutexLock lock(mutex_);
  const auto call = calls_.find(&context);
  if (call == calls_.end()) return;
  const base::MutexLock call_lock(call->second->mutex);
  call->second->filter = std::move(filter);
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> AnswerGate::Interceptors() {
  return std::make_unique<Factory>(*this);
}

}  // namespace belgrand::rpc
