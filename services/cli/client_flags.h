// How every client command finds a service: --server and, beyond loopback, its certificate.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "platform/base/error.h"

namespace CLI {
class App;
}

namespace belgrand::cli {

struct ClientFlags {
  std::string server = "127.0.0.1:7443";
  // PEM files; all three or none. Without them only loopback is spoken to.
  std::string certificate_file;
  std::string private_key_file;
  std::string ca_file;
  // Of verdicts: "en" or "fr"; empty: as LC_ALL, LC_MESSAGES or LANG say.
  std::string language;
  // What the calls are for; empty: the ordinary purpose of each.
  std::string purpose;
};

ingest::v1::Language VerdictLanguage(const ClientFlags& flags);

// Declares --server, --tls-cert, --tls-key, --tls-ca, --purpose and --lang.
void AddClientFlags(CLI::App& app, ClientFlags& flags);

// Through it what answers leave out (platform/rpc/answer_gate.h) is told on stderr.
// InvalidArgument: only some of the TLS files. PermissionDenied: not loopback and no TLS.
base::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ClientFlags& flags);

}  // namespace belgrand::cli
