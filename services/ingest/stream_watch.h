// Ends streams that wait for their client too long, and all that wait when the service stops.
//
// A handler of the synchronous API that reads or writes cannot time out by itself; the watch
// cancels its call from outside. A client so cut off sees CANCELLED and sends again what was not
// acknowledged.
//
// Thread safety: safe.
#pragma once

#include <grpcpp/server_context.h>

#include <map>
#include <thread>

#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/ingest/admission.h"
#include "services/ingest/ingest_metrics.h"

namespace belgrand::ingest {

class StreamWatch {
 public:
  // Borrows clock and metrics.
  StreamWatch(const Limits& limits, const base::Clock& clock, IngestMetrics& metrics);
  ~StreamWatch();

  enum class For {
    kBatch,            // the client's next batch
    kAcknowledgement,  // the client's reading of the last answer
  };
  // False once the service stops: the stream ends instead of waiting for a batch. An answer that is
  // ready is still written.
  bool Begin(grpc::ServerContext& context, For what);
  void End(grpc::ServerContext& context);

  // Streams that wait for a batch are cancelled, now and from now on; one in the middle of a batch
  // ends after its answer.
  void Stop();

 private:
  struct Wait {
    For what{};
    base::Instant until;
  };
  void Sweep();
  void Run();

  const Limits limits_;
  const base::Clock& clock_;
  IngestMetrics& metrics_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  std::map<grpc::ServerContext*, Wait> waits_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace belgrand::ingest
