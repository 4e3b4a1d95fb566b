#include "services/cli/subject_rights.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/rights.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/access_files.h"
#include "services/cli/client_flags.h"
#include "services/cli/subject_person.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using compliance::v1::Case;
using compliance::v1::Order;
using compliance::v1::RightsService;

// A walk over every stored record, a rewrite of the files and two searches of them.
constexpr base::Duration kTimeout = std::chrono::hours(4);

struct RightsFlags {
  ClientFlags client;
  PersonFlags person;
  std::string case_id;
  std::string received;
  std::string out;
  std::string corrected;
  std::string decision;
  std::string note;
  std::string order;
  std::string laboratory;
  std::uint32_t months = 1;
  bool yes = false;
  bool informed = false;
  bool all = false;
  bool nothing_held = false;
};

using Verb = base::Status (*)(const RightsFlags&, RightsService::Stub&);

template <typename Response, typename Request>
base::StatusOr<Response> Ask(RightsService::Stub& stub,
                             grpc::Status (RightsService::Stub::*method)(grpc::ClientContext*,
                                                                         const Request&, Response*),
                             const Request& request) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

std::string When(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(shared::ToInstant(timestamp));
}

void Print(const Case& shown) {
  std::cout << fmt::format("case {}  {:<13}  {:<7}  due before {}", shown.case_id(),
                           compliance::v1::CaseKind_Name(shown.kind()),
                           compliance::v1::CaseState_Name(shown.state()), When(shown.due_at()));
  if (shown.has_decided_at()) std::cout << "  decided " << When(shown.decided_at());
  if (shown.has_restricted_at() && !shown.has_lifted_at()) std::cout << "  RESTRICTED";
  if (shown.has_lifted_at()) std::cout << "  lifted " << When(shown.lifted_at());
  std::cout << fmt::format("\n     {} {} {}\n", privacy::v1::Subject_Name(shown.subject()),
                           shown.tenant(), shown.name().empty() ? "(erased)" : shown.name());
}

void Print(const Order& order) {
  std::cout << fmt::format(
      "order {}  {}{}  {}  issued {}  {}\n", order.order_id(),
      compliance::v1::CaseKind_Name(order.kind()), order.lifted() ? " lifted" : "",
      order.laboratory_id(), When(order.issued_at()),
      order.has_acknowledged_at() ? "acknowledged " + When(order.acknowledged_at())
                                  : std::string("PENDING"));
  if (order.name().empty()) return;
  std::cout << fmt::format("     {} {}{}\n", privacy::v1::Subject_Name(order.subject()),
                           order.name(),
                           order.corrected_name().empty() ? "" : " -> " + order.corrected_name());
}

// The case that is named, or the one of the person that is named, opened where there is none.
base::StatusOr<std::string> CaseOf(const RightsFlags& flags, compliance::v1::CaseKind kind,
                                   RightsService::Stub& stub) {
  if (!flags.case_id.empty()) return flags.case_id;
  compliance::v1::OpenCaseRequest request;
  request.set_kind(kind);
  ASSIGN_OR_RETURN(*request.mutable_person(), SelectorOf(flags.person));
  if (!flags.received.empty()) {
    ASSIGN_OR_RETURN(const base::Instant received, base::ParseInstant(flags.received));
    *request.mutable_received_at() = shared::ToTimestamp(received);
  }
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::OpenCase, request));
  Print(response.opened());
  if (response.existing()) std::cout << "     this case was open already\n";
  for (const std::string& role : response.not_restricted_yet()) {
    std::cout << fmt::format(
        "     {} does not answer: it withholds the person as soon as it does\n", role);
  }
  return response.opened().case_id();
}

base::Status WriteFiles(const RightsFlags& flags, const SubjectData& data) {
  const std::filesystem::path folder = flags.out;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::Unavailable("cannot create {}: {}", flags.out, error.message());
  // For the person and the officer: nobody else of this machine.
  const auto write = [&](const char* name, const std::string& content) {
    std::cout << fmt::format("{} ({} bytes)\n", (folder / name).string(), content.size());
    return base::WriteFileAtomically(folder / name, content, 0600);
  };
  RETURN_IF_ERROR(write("access.json", AccessJson(data)));
  RETURN_IF_ERROR(write("access.csv", AccessCsv(data)));
  RETURN_IF_ERROR(write("access.en.html", AccessPage(data, compliance::Language::kEnglish)));
  return write("access.fr.html", AccessPage(data, compliance::Language::kFrench));
}

base::Status Access(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::ExportSubjectRequest request;
  ASSIGN_OR_RETURN(*request.mutable_case_id(), CaseOf(flags, compliance::v1::ACCESS, stub));
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  const auto reader = stub.ExportSubject(&context, request);
  SubjectData data;
  bool complete = false;
  compliance::v1::ExportSubjectResponse page;
  while (reader->Read(&page)) {
    if (page.has_of_case()) data.of_case = page.of_case();
    data.purposes.insert(data.purposes.end(), page.purposes().begin(), page.purposes().end());
    data.records.insert(data.records.end(), page.records().begin(), page.records().end());
    data.recipients.insert(data.recipients.end(), page.recipients().begin(),
                           page.recipients().end());
    if (!page.complete()) continue;
    complete = true;
    data.audit_entries = page.audit_entries();
    if (page.has_audit_since()) data.audit_since = shared::ToInstant(page.audit_since());
    data.audit_logs_expired = page.audit_logs_expired();
    data.audit_logs_damaged = page.audit_logs_damaged();
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  if (!complete) return base::DataLoss("the export ended early: nothing was written; try again");
  data.made_at = base::Clock::System().Now();
  RETURN_IF_ERROR(WriteFiles(flags, data));
  std::cout << fmt::format(
      "{} records; read them before they are handed over, texts may mention others; then:\n"
      "  belgrand subject decide --case {} --decision granted\n",
      data.records.size(), request.case_id());
  return base::OkStatus();
}

base::Status Rectify(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::RectifySubjectRequest request;
  ASSIGN_OR_RETURN(*request.mutable_case_id(), CaseOf(flags, compliance::v1::RECTIFICATION, stub));
  if (!flags.yes) {
    std::cout << "nothing was changed; to correct the name for good: the same with --yes\n";
    return base::OkStatus();
  }
  ASSIGN_OR_RETURN(*request.mutable_corrected_name(), TextOrLine("--to", flags.corrected));
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::RectifySubject, request));
  for (const auto& line : response.lines()) {
    std::cout << fmt::format("replaced {}.{}  {}\n", line.record(), line.field(), line.count());
  }
  Print(response.rectified());
  if (flags.out.empty()) {
    std::cout << "\n"
              << response.certificate() << "\nverifier key: " << response.verifier_key() << "\n";
  } else {
    RETURN_IF_ERROR(base::WriteFileAtomically(flags.out, response.certificate(), 0644));
    std::cout << fmt::format("certificate of the old value's erasure written to {}\n", flags.out);
  }
  if (response.erasure().clean()) return base::OkStatus();
  return base::FailedPrecondition("the old value was still found: the certificate says where");
}

base::Status Restrict(const RightsFlags& flags, RightsService::Stub& stub) {
  return CaseOf(flags, compliance::v1::RESTRICTION, stub).status();
}

base::Status Object(const RightsFlags& flags, RightsService::Stub& stub) {
  return CaseOf(flags, compliance::v1::OBJECTION, stub).status();
}

base::Status Cases(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::ListCasesRequest request;
  request.set_open_only(!flags.all);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::ListCases, request));
  const base::Instant now = base::Clock::System().Now();
  std::uint64_t overdue = 0;
  for (const Case& shown : response.cases()) {
    Print(shown);
    if (shown.state() != compliance::v1::OPEN) continue;
    const auto left = shared::ToInstant(shown.due_at()) - now;
    if (left.count() <= 0) {
      ++overdue;
      std::cout << "     OVERDUE\n";
    } else {
      std::cout << fmt::format("     {} days left\n",
                               std::chrono::floor<std::chrono::days>(left).count());
    }
  }
  std::cout << fmt::format("{} cases, {} overdue\n", response.cases_size(), overdue);
  return base::OkStatus();
}

base::Status Extend(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::ExtendCaseRequest request;
  request.set_case_id(flags.case_id);
  request.set_months(flags.months);
  request.set_reason(flags.note);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::ExtendCase, request));
  Print(response.extended());
  return base::OkStatus();
}

base::Status Decide(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::DecideCaseRequest request;
  request.set_case_id(flags.case_id);
  request.set_decision(flags.decision == "granted" ? compliance::v1::GRANTED
                                                   : compliance::v1::REFUSED);
  request.set_note(flags.note);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::DecideCase, request));
  Print(response.decided());
  return base::OkStatus();
}

base::Status Lift(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::LiftRestrictionRequest request;
  request.set_case_id(flags.case_id);
  request.set_person_informed(flags.informed);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::LiftRestriction, request));
  Print(response.lifted());
  return base::OkStatus();
}

base::Status Orders(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::ListOrdersRequest request;
  request.set_laboratory_id(flags.laboratory);
  request.set_pending_only(!flags.all);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::ListOrders, request));
  for (const Order& order : response.orders()) Print(order);
  std::cout << fmt::format("{} orders\n", response.orders_size());
  return base::OkStatus();
}

base::Status Acknowledge(const RightsFlags& flags, RightsService::Stub& stub) {
  compliance::v1::AcknowledgeOrderRequest request;
  request.set_order_id(flags.order);
  request.set_nothing_held(flags.nothing_held);
  ASSIGN_OR_RETURN(const auto response, Ask(stub, &RightsService::Stub::AcknowledgeOrder, request));
  Print(response.acknowledged());
  return base::OkStatus();
}

int Run(const RightsFlags& flags, Verb verb) {
  const auto run = [&]() -> base::Status {
    ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
    return verb(flags, *RightsService::NewStub(channel));
  };
  const base::Status status = run();
  if (status.ok()) return kExitOk;
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

class Verbs {
 public:
  Verbs(CLI::App& app, RunSlot& run) : app_(app), run_(run) {}

  CLI::App& Add(const char* name, const char* summary, Verb verb) {
    auto* command = app_.add_subcommand(name, summary);
    AddClientFlags(*command, flags_->client);
    command->callback(
        [flags = flags_, verb, &run = run_] { run = [flags, verb] { return Run(*flags, verb); }; });
    return *command;
  }
  // One that opens a case for a person, or goes on with it.
  CLI::App& AddOpening(const char* name, const char* summary, Verb verb) {
    CLI::App& command = Add(name, summary, verb);
    AddPersonFlags(command, flags_->person, ByReference::kNo);
    command.add_option("--case", flags_->case_id, "Instead of the person: a case that is open");
    command.add_option("--received", flags_->received,
                       "Day or instant at which the request arrived; default: now");
    return command;
  }
  CLI::App& AddForCase(const char* name, const char* summary, Verb verb) {
    CLI::App& command = Add(name, summary, verb);
    command.add_option("--case", flags_->case_id, "Its id")->required();
    return command;
  }
  RightsFlags& flags() { return *flags_; }

 private:
  CLI::App& app_;
  RunSlot& run_;
  const std::shared_ptr<RightsFlags> flags_ = std::make_shared<RightsFlags>();
};

}  // namespace

void AddSubjectRights(CLI::App& app, RunSlot& run) {
  Verbs verbs(app, run);
  RightsFlags& flags = verbs.flags();
  verbs.AddOpening("access", "Export all that is kept of a person (Art. 15)", Access)
      .add_option("--out", flags.out, "Folder for access.json, .csv, .en.html and .fr.html")
      ->required();
  CLI::App& rectify =
      verbs.AddOpening("rectify", "Correct a person's name wherever it stands (Art. 16)", Rectify);
  rectify.add_option("--to", flags.corrected, "The correct name; - reads a line of standard input")
      ->required();
  rectify.add_flag("--yes", flags.yes, "Correct it; the old value cannot be read any more");
  rectify.add_option("--out", flags.out, "File for the certificate; default: printed");
  verbs.AddOpening("restrict", "Withhold a person's data from readers (Art. 18)", Restrict);
  verbs.AddOpening("object", "Record an objection; restricts until it is decided (Art. 21)",
                   Object);
  verbs.Add("cases", "List what persons asked for, by due date", Cases)
      .add_flag("--all", flags.all, "Decided ones too");
  CLI::App& extend =
      verbs.AddForCase("extend", "Extend a case's month by one or two (Art. 12(3))", Extend);
  extend.add_option("--months", flags.months, "1 or 2; default 1");
  extend.add_option("--reason", flags.note, "What the person is told")->required();
  CLI::App& decide = verbs.AddForCase("decide", "Grant or refuse what a person asked for", Decide);
  decide.add_option("--decision", flags.decision, "granted or refused")
      ->required()
      ->check(CLI::IsMember({"granted", "refused"}));
  decide.add_option("--note", flags.note, "Of a refusal: what the person is told");
  verbs.AddForCase("lift", "Lift a restriction (Art. 18(3))", Lift)
      .add_flag("--informed", flags.informed, "The person has been told before");
  CLI::App& orders = verbs.Add("orders", "List what laboratories are to do (Art. 19)", Orders);
  orders.add_option("--laboratory", flags.laboratory, "Of one laboratory");
  orders.add_flag("--all", flags.all, "Acknowledged ones too");
  CLI::App& acknowledge =
      verbs.Add("acknowledge", "As a laboratory: say that an order is carried out", Acknowledge);
  acknowledge.add_option("--order", flags.order, "Its id")->required();
  acknowledge.add_flag("--nothing-held", flags.nothing_held, "There was nothing of the person");
}

}  // namespace belgrand::cli
