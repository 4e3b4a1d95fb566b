#include "services/cli/client_flags.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "platform/rpc/channel.h"

namespace belgrand::cli {

void AddClientFlags(CLI::App& app, ClientFlags& flags) {
  app.add_option("--server", flags.server, "host:port of the service")->capture_default_str();
  app.add_option("--tls-cert", flags.certificate_file, "PEM certificate that identifies you");
  app.add_option("--tls-key", flags.private_key_file, "PEM private key of the certificate");
  app.add_option("--tls-ca", flags.ca_file,
                 "PEM authorities that the service's certificate is from");
}

base::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ClientFlags& flags) {
  const int given = static_cast<int>(!flags.certificate_file.empty()) +
                    static_cast<int>(!flags.private_key_file.empty()) +
                    static_cast<int>(!flags.ca_file.empty());
  if (given != 0 && given != 3) {
    return base::InvalidArgument("--tls-cert, --tls-key and --tls-ca go together: give all three");
  }
  std::optional<rpc::TlsFiles> tls;
  if (given == 3) {
    tls = rpc::TlsFiles{flags.certificate_file, flags.private_key_file, flags.ca_file};
  }
  return rpc::OpenChannel(flags.server, tls);
}

}  // namespace belgrand::cli
