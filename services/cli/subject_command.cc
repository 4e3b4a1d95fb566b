#include "services/cli/subject_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "compliance/erasure_certificate.h"
#include "compliance/note.h"
#include "platform/base/file.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_flags.h"
#include "services/cli/subject_person.h"
#include "services/cli/subject_rights.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using compliance::v1::Erasure;
using compliance::v1::ErasureLine;
using compliance::v1::ErasureService;

// A walk over every stored record, a rewrite of the files and two searches of them.
constexpr base::Duration kTimeout = std::chrono::hours(4);

struct SubjectFlags {
  ClientFlags client;
  PersonFlags person;
  bool yes = false;
  std::string erasure;
  bool search_again = false;
  std::string out;
  std::string verifier_key;
};

int Fail(const base::Status& status) {
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

template <typename Lines>
void PrintLines(const Lines& lines, const char* verb) {
  std::size_t width = 6;
  const auto name = [](const ErasureLine& line) { return line.record() + "." + line.field(); };
  for (const ErasureLine& line : lines) width = std::max(width, name(line).size());
  std::cout << fmt::format("{:<{}}  {:>10}\n", "field", width, verb);
  for (const ErasureLine& line : lines) {
    std::cout << fmt::format("{:<{}}  {:>10}\n", name(line), width, line.count());
  }
}

std::string Line(const Erasure& erasure) {
  return fmt::format(
      "{:>4}  {}  {:<9}  begun {}  {}\n", erasure.sequence(), erasure.id(),
      privacy::v1::Subject_Name(erasure.subject()),
      base::FormatInstant(shared::ToInstant(erasure.begun_at())),
      !erasure.has_finished_at()
          ? "NOT FINISHED"
          : fmt::format("finished {}, {}",
                        base::FormatInstant(shared::ToInstant(erasure.finished_at())),
                        erasure.clean() ? "clean" : "NOT CLEAN"));
}

// To the file, or where none is named behind what was printed.
base::Status Deliver(const SubjectFlags& flags, const std::string& certificate,
                     const std::string& verifier_key) {
  if (flags.out.empty()) {
    std::cout << "\n" << certificate << "\nverifier key: " << verifier_key << "\n";
    return base::OkStatus();
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out, certificate, 0644));
  std::cout << fmt::format(
      "certificate written to {}\nto check it: belgrand subject verify --certificate {} --key {}\n",
      flags.out, flags.out, verifier_key);
  return base::OkStatus();
}

int Erase(const SubjectFlags& flags) {
  const auto selector = SelectorOf(flags.person);
  if (!selector.ok()) {
    std::cerr << base::Message(selector.status()) << "\n";
    return kExitUsage;
  }
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(channel.status());
  const auto stub = ErasureService::NewStub(*channel);
  {
    compliance::v1::PlanErasureRequest request;
    *request.mutable_person() = *selector;
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    compliance::v1::PlanErasureResponse plan;
    const grpc::Status status = stub->PlanErasure(&context, request, &plan);
    if (!status.ok()) return Fail(rpc::FromGrpc(status));
    PrintLines(plan.lines(), "to clear");
    std::cout << fmt::format("{}; backups that hold the person until they are forgotten: {}\n",
                             plan.has_key() ? "a key of the person is in the keyring"
                                            : "no key of the person is in the keyring",
                             plan.backups());
  }
  if (!flags.yes) {
    std::cout << "nothing was changed; to erase the person for good: the same with --yes\n";
    return kExitOk;
  }
  compliance::v1::EraseSubjectRequest request;
  *request.mutable_person() = *selector;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::EraseSubjectResponse response;
  const grpc::Status status = stub->EraseSubject(&context, request, &response);
  if (!status.ok()) return Fail(rpc::FromGrpc(status));
  PrintLines(response.lines(), "cleared");
  std::cout << Line(response.erasure()) << fmt::format("case {}\n", response.case_id());
  for (const std::string& order : response.order_ids()) {
    std::cout << fmt::format("order {} waits for the laboratory to acknowledge it\n", order);
  }
  const base::Status delivered = Deliver(flags, response.certificate(), response.verifier_key());
  if (!delivered.ok()) return Fail(delivered);
  return response.erasure().clean() ? kExitOk : kExitRuntime;
}

int List(const SubjectFlags& flags) {
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(channel.status());
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::ListErasuresResponse response;
  const grpc::Status status =
      ErasureService::NewStub(*channel)->ListErasures(&context, {}, &response);
  if (!status.ok()) return Fail(rpc::FromGrpc(status));
  for (const Erasure& erasure : response.erasures()) std::cout << Line(erasure);
  std::cout << fmt::format("{} erasures\n", response.erasures_size());
  return kExitOk;
}

int Certify(const SubjectFlags& flags) {
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(channel.status());
  compliance::v1::CertifyErasureRequest request;
  request.set_erasure_id(flags.erasure);
  request.set_search_again(flags.search_again);
  const auto name = TextOrLine("--name", flags.person.name);
  if (!name.ok()) return Fail(name.status());
  request.set_value(*name);
  request.set_tenant(flags.person.tenant);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::CertifyErasureResponse response;
  const grpc::Status status =
      ErasureService::NewStub(*channel)->CertifyErasure(&context, request, &response);
  if (!status.ok()) return Fail(rpc::FromGrpc(status));
  std::cout << Line(response.erasure());
  const base::Status delivered = Deliver(flags, response.certificate(), response.verifier_key());
  return delivered.ok() ? kExitOk : Fail(delivered);
}

base::Status VerifyNote(const SubjectFlags& flags) {
  ASSIGN_OR_RETURN(const std::string note, base::ReadFile(flags.out, compliance::kMaxNoteBytes));
  ASSIGN_OR_RETURN(const auto key, compliance::NoteVerifier::Parse(flags.verifier_key));
  ASSIGN_OR_RETURN(const auto opened, compliance::OpenNote(note, std::span(&key, 1)));
  ASSIGN_OR_RETURN(const auto certificate, compliance::ParseCertificate(opened.text));
  std::cout << opened.text
            << fmt::format("\nsigned by {}; erasure {}\n", key.name, certificate.erasure_id);
  if (!certificate.clean) {
    return base::FailedPrecondition("the signature is good, and it says: not clean");
  }
  std::cout << fmt::format("backups from before that remain: {}\n",
                           certificate.remaining_backups.size());
  return base::OkStatus();
}

int Verify(const SubjectFlags& flags) {
  const base::Status verified = VerifyNote(flags);
  return verified.ok() ? kExitOk : Fail(verified);
}

CLI::App* AddVerb(CLI::App& app, RunSlot& run, const char* name, const char* summary,
                  const std::shared_ptr<SubjectFlags>& flags, int (*verb)(const SubjectFlags&)) {
  auto* command = app.add_subcommand(name, summary);
  command->callback([flags, verb, &run] { run = [flags, verb] { return verb(*flags); }; });
  return command;
}

}  // namespace

void AddSubject(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  auto flags = std::make_shared<SubjectFlags>();

  auto* erase =
      AddVerb(app, run, "erase", "Print what erasing a person would clear; with --yes, erase them",
              flags, Erase);
  AddClientFlags(*erase, flags->client);
  AddPersonFlags(*erase, flags->person, ByReference::kYes);
  erase->add_flag("--yes", flags->yes, "Erase; there is no way back");
  erase->add_option("--out", flags->out, "File for the certificate; default: printed");

  AddSubjectRights(app, run);

  auto* list = AddVerb(app, run, "erasures", "List the erasures; they name nobody", flags, List);
  AddClientFlags(*list, flags->client);

  auto* certificate =
      AddVerb(app, run, "certificate", "Fetch the certificate of an erasure", flags, Certify);
  AddClientFlags(*certificate, flags->client);
  certificate->add_option("--erasure", flags->erasure, "Its id, as `erase` printed it")->required();
  certificate->add_flag("--search-again", flags->search_again,
                        "Search the databases, and the backups made since, as they are now");
  certificate->add_option("--name", flags->person.name,
                          "With --search-again, of an official or operator: the name that was "
                          "erased, which is kept nowhere; - for a line of standard input");
  certificate->add_option("--tenant", flags->person.tenant,
                          "The laboratory of that name; none for an official");
  certificate->add_option("--out", flags->out, "File for the certificate; default: printed");

  auto* verify =
      AddVerb(app, run, "verify", "Check a certificate, without a service", flags, Verify);
  verify->add_option("--certificate", flags->out, "The file")->required();
  verify->add_option("--key", flags->verifier_key, "The verifier key of the service")->required();
}

}  // namespace belgrand::cli
