// The baseline of intake_bench: the least that a durable, acknowledged, columnar intake can do.
//
// A gRPC stream of batches; each batch is re-encoded by columns into one opaque value, the values
// of concurrent streams share one synced write, and the acknowledgement follows. Nothing is
// validated, compared, versioned, indexed, sealed or audited.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "platform/rpc/server.h"
#include "platform/storage/store.h"

namespace belgrand::bench {

// One value for the batch: dictionaries for texts that repeat, plain columns for the rest.
std::string EncodeColumns(const google::protobuf::RepeatedPtrField<ingest::v1::Sample>& samples);

class Prototype final : public ingest::v1::IngestService::Service {
 public:
  // Serves on a free port of loopback, under TLS when files are given.
  Prototype(const std::filesystem::path& directory, const std::optional<rpc::TlsFiles>& tls);
  ~Prototype() override;
  int port() const { return server_->port(); }

  grpc::Status StreamSamples(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<ingest::v1::StreamSamplesResponse, ingest::v1::StreamSamplesRequest>*
          stream) override;

 private:
  std::unique_ptr<storage::Store> store_;
  std::atomic<std::uint64_t> next_key_ = 0;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace belgrand::bench
