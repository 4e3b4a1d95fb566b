// What a server sends, looked at message by message on its way out, whatever handler made it.
//
// A handler cannot forget it: from a watched call nothing leaves but empty messages until somebody
// has said, for that call, what may.
//
//   AnswerGate gate([](std::string_view method) { return ...; });
//   options.answers = &gate;                     // of a Server
//   gate.Set(context, filter);                   // in the call, before its first answer
//
// Thread safety: safe. Outlives the servers it is given to.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "platform/base/mutex.h"

namespace belgrand::rpc {

// The trailer that names what was left out of a call's answers, joined by commas.
inline constexpr char kWithheldTrailer[] = "belgrand-withheld";

class AnswerGate {
 public:
  // What is sent instead of an answer; null: the answer as it is. Adds what it left out to the
  // names of the trailer. Never called for two answers of a call at once.
  using Filter = std::function<std::unique_ptr<google::protobuf::Message>(
      const google::protobuf::Message& answer, std::set<std::string>& left_out)>;
  // Whether calls of a method, "/belgrand.ingest.v1.IngestService/SubmitSamples", are watched.
  using Watches = std::function<bool(std::string_view method)>;

  explicit AnswerGate(Watches watches);
  ~AnswerGate();

  // From now on the call's answers pass `filter`. Does nothing for a call that is not watched.
  void Set(const grpc::ServerContextBase& context, Filter filter);

  // For a server.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Interceptors();

 private:
  struct Call;
  class Interceptor;
  class Factory;

  const Watches watches_;
  base::Mutex mutex_;
  std::map<const grpc::ServerContextBase*, Call*> calls_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::rpc
