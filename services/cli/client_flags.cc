#include "services/cli/client_flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <optional>

#include "platform/rpc/channel.h"
#include "sample/texts.h"

namespace belgrand::cli {

void AddClientFlags(CLI::App& app, ClientFlags& flags) {
  app.add_option("--server", flags.server, "host:port of the service")->capture_default_str();
  app.add_option("--tls-cert", flags.certificate_file, "PEM certificate that identifies you");
  app.add_option("--tls-key", flags.private_key_file, "PEM private key of the certificate");
  app.add_option("--tls-ca", flags.ca_file,
                 "PEM authorities that the service's certificate is from");
  app.add_option("--lang", flags.language, "language of verdicts; by default that of the terminal")
      ->check(CLI::IsMember({"en", "fr"}));
}

ingest::v1::Language VerdictLanguage(const ClientFlags& flags) {
  std::string locale = flags.language;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);
    if (locale.empty() && value != nullptr) locale = value;
  }
  return sample::LanguageOf(locale) == sample::Language::kFrench ? ingest::v1::FRENCH
                                                                 : ingest::v1::ENGLISH;
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
