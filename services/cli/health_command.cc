#include "services/cli/health_command.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_flags.h"

namespace belgrand::cli {
namespace {

// grpc.health.v1.HealthCheckResponse with status SERVING: field 1, varint 1. Debian packages no
// generated code of the health protocol, and two bytes need none.
constexpr char kServing[] = "\x08\x01";

base::StatusOr<bool> IsServing(const ClientFlags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags));
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(5));
  grpc::CompletionQueue queue;
  // An empty message is one empty slice; a buffer of no slices is no message.
  const grpc::Slice empty("");
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check",
                                          grpc::ByteBuffer(&empty, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  RETURN_IF_ERROR(rpc::FromGrpc(status));
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (response.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes == kServing;
}

int Health(const ClientFlags& flags) {
  const auto serving = IsServing(flags);
  if (!serving.ok()) {
    std::cerr << flags.server << ": " << base::Message(serving.status()) << "\n";
    return kExitRuntime;
  }
  std::cout << (*serving ? "serving\n" : "not serving\n");
  return *serving ? kExitOk : kExitRuntime;
}

}  // namespace

void AddHealth(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<ClientFlags>();
  AddClientFlags(app, *flags);
  app.callback([flags, &run] { run = [flags] { return Health(*flags); }; });
}

}  // namespace belgrand::cli
