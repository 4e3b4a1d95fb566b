#include "services/cli/client_flags.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

#include "platform/base/file.h"
#include "platform/base/mutex.h"
#include "platform/base/tls_files.h"
#include "platform/rpc/call_headers.h"
#include "sample/texts.h"
#include "services/shared/guard.h"

namespace belgrand::cli {

void AddClientFlags(CLI::App& app, ClientFlags& flags) {
  app.add_option("--server", flags.server, "host:port of the service")->capture_default_str();
  app.add_option("--tls-cert", flags.certificate_file, "PEM certificate that identifies you");
  app.add_option("--tls-key", flags.private_key_file, "PEM private key of the certificate");
  app.add_option("--tls-ca", flags.ca_file,
                 "PEM authorities that the service's certificate is from");
  app.add_option("--purpose", flags.purpose,
                 "what you want it for: with a token always needed, otherwise by default the "
                 "ordinary reason; or BELGRAND_PURPOSE")
      ->envname("BELGRAND_PURPOSE")
      ->check(CLI::IsMember(
          {"surveillance", "outbreak-response", "measurement", "operation", "data-protection"}));
  app.add_option("--lang", flags.language,
                 "language of what is said; by default that of the terminal")
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

namespace {

constexpr int kMaxAnswerBytes = 16 << 20;

base::StatusOr<std::string> ReadToken(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0) {
    return base::InvalidArgument("others may read {}: chmod 600 it, and think of a new token",
                                 file);
  }
  constexpr std::size_t kMaxTokenBytes = 16 << 10;
  ASSIGN_OR_RETURN(std::string token, base::ReadFile(file, kMaxTokenBytes));
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  if (token.empty()) return base::InvalidArgument("{} holds no token", file);
  // gRPC stops the process over a header that holds anything else.
  for (const char c : token) {
    if (c <= ' ' || c >= 0x7F) {
      return base::InvalidArgument("{} holds more than a token in one line", file);
    }
  }
  return token;
}

// Says each once: nobody should take for absent what was left out.
rpc::OnWithheld TellOnce(ingest::v1::Language language) {
  const char* const words =
      language == ingest::v1::FRENCH
          ? "non communiqué (votre rôle et cette finalité n'y donnent pas droit)"
          : "left out (your role and this purpose give no right to it)";
  auto told = std::make_shared<std::set<std::string, std::less<>>>();
  auto mutex = std::make_shared<base::Mutex>();
  return [words, told, mutex](std::string_view names) {
    const base::MutexLock lock(*mutex);
    if (told->emplace(names).second) fmt::print(stderr, "{}: {}\n", words, names);
  };
}

}  // namespace

base::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ClientFlags& flags) {
  const int given = static_cast<int>(!flags.certificate_file.empty()) +
                    static_cast<int>(!flags.private_key_file.empty()) +
                    static_cast<int>(!flags.ca_file.empty());
  const char* const token_file = std::getenv("BELGRAND_TOKEN_FILE");
  const bool has_token = token_file != nullptr && *token_file != '\0';
  // A person with a token, or the public.
  const bool only_ca = given == 1 && !flags.ca_file.empty();
  if (given != 0 && given != 3 && !only_ca) {
    return base::InvalidArgument(
        "--tls-cert, --tls-key and --tls-ca go together: give all three, or --tls-ca alone, with a "
        "token in the file that BELGRAND_TOKEN_FILE names");
  }
  std::optional<base::TlsFiles> tls;
  if (given > 0) {
    tls = base::TlsFiles{flags.certificate_file, flags.private_key_file, flags.ca_file};
  }
  rpc::Headers headers;
  if (has_token) {
    ASSIGN_OR_RETURN(const std::string token, ReadToken(token_file));
    headers.emplace_back("authorization", "Bearer " + token);
  }
  if (!flags.purpose.empty()) headers.emplace_back(shared::kPurposeHeader, flags.purpose);
  return rpc::OpenChannelWithHeaders(flags.server, tls, std::move(headers), kMaxAnswerBytes,
                                     TellOnce(VerdictLanguage(flags)));
}

}  // namespace belgrand::cli
