#include "services/cli/register_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "compliance/notices.h"
#include "compliance/register.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "publication/rules.h"
#include "services/cli/config_source.h"
#include "services/cli/declaration_file.h"
#include "services/cli/fiche.h"

namespace belgrand::cli {
namespace {

struct Flags {
  ConfigFlags config;
  std::string declaration;
  std::string language = "en";
  std::string format = "md";
  std::string document = "fiche";
  std::string out;
  std::string ledger;
  std::string file;
  std::string audience;
};

// Whom a notice is for, as the command line says it.
struct Audience {
  std::string_view name;
  privacy::v1::Subject subject;
};
constexpr Audience kAudiences[] = {{"sampler", privacy::v1::SAMPLER},
                                   {"lab-staff", privacy::v1::LAB_STAFF},
                                   {"official", privacy::v1::OFFICIAL},
                                   {"operator", privacy::v1::OPERATOR}};
constexpr std::string_view kSite = "site";

int Report(const base::Status& status) {
  if (status.ok()) return kExitOk;
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

compliance::Language LanguageOf(const Flags& flags) {
  return flags.language == "fr" ? compliance::Language::kFrench : compliance::Language::kEnglish;
}

base::StatusOr<Living> LivingOf(const Flags& flags) {
  Living living;
  ASSIGN_OR_RETURN(living.config, LoadConfig(flags.config, {}));
  ASSIGN_OR_RETURN(living.declaration, LoadDeclaration(flags.declaration));
  living.processing = compliance::BuildRegister();
  living.ledger = flags.ledger;
  living.now = base::Clock::System().Now();
  return living;
}

base::Status PrintRegister(const Flags& flags) {
  ASSIGN_OR_RETURN(const compliance::Declaration declaration, LoadDeclaration(flags.declaration));
  const compliance::Register processing = compliance::BuildRegister();
  std::cout << (flags.format == "json"
                    ? compliance::RegisterJson(processing, declaration)
                    : compliance::RegisterMarkdown(processing, declaration, LanguageOf(flags)));
  return base::OkStatus();
}

base::Status PrintNotice(const Flags& flags) {
  ASSIGN_OR_RETURN(const compliance::Declaration declaration, LoadDeclaration(flags.declaration));
  if (flags.audience == kSite) {
    std::cout << compliance::SitePoster(publication::Rules().minimum_population, declaration,
                                        LanguageOf(flags));
    return base::OkStatus();
  }
  for (const Audience& audience : kAudiences) {
    if (audience.name != flags.audience) continue;
    ASSIGN_OR_RETURN(const std::string notice,
                     compliance::NoticeFor(audience.subject, compliance::BuildRegister(),
                                           declaration, LanguageOf(flags)));
    std::cout << notice;
  }
  return base::OkStatus();
}

base::Status Make(const Flags& flags) {
  ASSIGN_OR_RETURN(const Living living, LivingOf(flags));
  const Document document = flags.document == "impact" ? Document::kImpact : Document::kFiche;
  const Fiche fiche = MakeFiche(document, LanguageOf(flags), living);
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out + ".json", FicheJson(fiche), 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out + ".md", FicheMarkdown(fiche, living), 0644));
  std::size_t open = 0;
  for (const Sentence& sentence : fiche.sentences) open += !sentence.demonstrated;
  std::cout << fmt::format("{0}.json and {0}.md: {1} sentences, {2} not demonstrated\n", flags.out,
                           fiche.sentences.size(), open);
  return base::OkStatus();
}

base::Status Verify(const Flags& flags) {
  ASSIGN_OR_RETURN(const Living living, LivingOf(flags));
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(flags.file, kMaxFicheBytes));
  const auto fiche = ParseFiche(text);
  if (!fiche.ok()) return base::Annotate(fiche.status(), flags.file);
  std::size_t failed = 0;
  for (const Recheck& recheck : VerifyFiche(*fiche, living)) {
    failed += !recheck.holds();
    const std::string_view why = !recheck.altered                ? ""
                                 : recheck.sentence.text.empty() ? " (the sentence is left out)"
                                                                 : " (the sentence was altered)";
    std::cout << fmt::format("{:<16}  {:<22}  {}{}\n",
                             recheck.holds() ? "demonstrated" : "not demonstrated",
                             recheck.sentence.evidence, recheck.now.value, why);
    if (!recheck.altered && recheck.now.value != recheck.sentence.value) {
      std::cout << fmt::format("{:<16}  {:<22}  then: {}\n", "", "", recheck.sentence.value);
    }
  }
  if (failed == 0) return base::OkStatus();
  return base::FailedPrecondition("{} sentences are not demonstrated by the system as it is",
                                  failed);
}

void AddDeclaration(CLI::App& app, Flags& flags) {
  app.add_option("--declaration", flags.declaration,
                 "JSON of what the controller declares (docs/documents.md)");
}

void AddLanguage(CLI::App& app, Flags& flags) {
  app.add_option("--lang", flags.language, "en or fr")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
}

void AddLiving(CLI::App& app, Flags& flags) {
  AddConfigFlags(app, flags.config);
  AddDeclaration(app, flags);
  app.add_option("--ledger", flags.ledger, "folder of the ledger of `belgrand publish`");
}

}  // namespace

void AddRegister(CLI::App& app, RunSlot& run) {
  app.description("Print the register of processing activities (Art. 30 GDPR).");
  auto flags = std::make_shared<Flags>();
  AddDeclaration(app, *flags);
  AddLanguage(app, *flags);
  app.add_option("--format", flags->format, "md or json")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  app.callback([flags, &run] { run = [flags] { return Report(PrintRegister(*flags)); }; });
}

void AddNotice(CLI::App& app, RunSlot& run) {
  app.description("Print what persons are told of the processing (Art. 13 and 14 GDPR).");
  auto flags = std::make_shared<Flags>();
  AddDeclaration(app, *flags);
  AddLanguage(app, *flags);
  std::vector<std::string> names = {std::string(kSite)};
  for (const Audience& audience : kAudiences) names.emplace_back(audience.name);
  app.add_option("--for", flags->audience,
                 "who reads it; site: a poster for whoever lives or works upstream")
      ->required()
      ->check(CLI::IsMember(names));
  app.callback([flags, &run] { run = [flags] { return Report(PrintNotice(*flags)); }; });
}

void AddFiche(CLI::App& app, RunSlot& run) {
  app.description(
      "Make the implementation sheet that a local authority signs, and check it against the "
      "system as it is.");
  app.require_subcommand(1);
  auto flags = std::make_shared<Flags>();
  auto* make = app.add_subcommand("make", "Write OUT.json and OUT.md");
  AddLiving(*make, *flags);
  AddLanguage(*make, *flags);
  make->add_option("--document", flags->document,
                   "fiche, or impact: the annex of the impact assessment")
      ->check(CLI::IsMember({"fiche", "impact"}))
      ->capture_default_str();
  make->add_option("--out", flags->out, "path without its ending")->required();
  make->callback([flags, &run] { run = [flags] { return Report(Make(*flags)); }; });
  auto* verify = app.add_subcommand("verify", "Check every sentence again; exit code 1: one fails");
  AddLiving(*verify, *flags);
  verify->add_option("file", flags->file, "the JSON that was made")->required();
  verify->callback([flags, &run] { run = [flags] { return Report(Verify(*flags)); }; });
}

}  // namespace belgrand::cli
