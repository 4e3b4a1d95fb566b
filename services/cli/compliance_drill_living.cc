#include "services/cli/compliance_drill_living.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <random>

#include "platform/base/file.h"
#include "platform/crypto/secret.h"
#include "platform/storage/search.h"
#include "publication/release.h"
#include "services/cli/drill_service.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using Asks = DrillService::Asks;
using Result = base::StatusOr<std::string>;

constexpr char kPerson[] = "Canary Sampler-7Qx";
constexpr char kOther[] = "Second Sampler-4Vn";
constexpr int kDays = 40;

// One service for the steps that follow one another.
struct Trial {
  std::unique_ptr<DrillService> service;
};

std::vector<std::string> Erase() {
  return {"subject", "erase", "--kind", "sampler", "--tenant", "my-lab", "--name", kPerson};
}

base::Status WriteSamples(const fs::path& path) {
  std::string text =
      "sample_id,site_id,district_id,population,collected_on,target,value,unit,censoring,lab_id,"
      "sampled_by\n";
  for (int day = 0; day < kDays; ++day) {
    const base::Day date = base::Day(std::chrono::year(2024) / 1 / 1) + std::chrono::days(day);
    text += fmt::format("S-{0},riverside,north,20000,{1},sars-cov-2,{2},gc/L,none,my-lab,{3}\n",
                        day, base::FormatInstant(base::Instant(date)).substr(0, 10),
                        25'000 + 100 * day, day % 2 == 0 ? kPerson : kOther);
  }
  return base::WriteFileAtomically(path, text);
}

base::StatusOr<std::uint64_t> Hits(const fs::path& directory, const std::string& text) {
  storage::SearchCount count;
  RETURN_IF_ERROR(storage::SearchTree(directory, {text}, count));
  return count.hits.at(0);
}

// What must stand in the text of an answer.
base::Status Says(const DrillAnswer& answer, int exit_code, std::string_view words) {
  if (answer.exit_code == exit_code && answer.text.find(words) != std::string::npos) {
    return base::OkStatus();
  }
  return base::DataLoss("expected '{}' and exit code {}, came {}: {}", words, exit_code,
                        answer.exit_code, answer.text);
}

// No name in clear in any byte that the service wrote, with the file of samples as the control.
Result NothingInClear(Trial& trial, const std::string& directory) {
  trial.service = std::make_unique<DrillService>(directory);
  DrillService& service = *trial.service;
  RETURN_IF_ERROR(service.Start("data"));
  const fs::path sent = fs::path(directory) / "sent";
  fs::create_directory(sent);
  RETURN_IF_ERROR(WriteSamples(sent / "samples.csv"));
  RETURN_IF_ERROR(
      service.Must({"import", (sent / "samples.csv").string(), "--register-sites"}, Asks::kServer));
  RETURN_IF_ERROR(service.Must({"backup", "create"}, Asks::kServer));
  ASSIGN_OR_RETURN(const std::uint64_t control, Hits(sent, kPerson));
  ASSIGN_OR_RETURN(const std::uint64_t stored, Hits(service.data(), kPerson));
  ASSIGN_OR_RETURN(const std::uint64_t saved, Hits(service.backups(), kPerson));
  const std::string log = base::ReadFile(service.log()).value_or("");
  if (control == 0) return base::Internal("the canary is not in the file that was sent");
  if (stored + saved > 0 || log.find(kPerson) != std::string::npos) {
    return base::DataLoss("the name occurs {} times in the data and {} times in the backup", stored,
                          saved);
  }
  return fmt::format(
      "{} rows with names imported into a service of the drill's own; the name stands {} times in "
      "the file sent (control), nowhere in data, backup and log",
      kDays, control);
}

Result ErasedIsGone(Trial& trial, const std::string& directory) {
  DrillService& service = *trial.service;
  // Control: before, the person is found.
  RETURN_IF_ERROR(Says(service.Run(Erase(), Asks::kServer), 0, "SampleRecord.sampled_by_sealed"));
  const fs::path note = fs::path(directory) / "certificate.note";
  std::vector<std::string> words = Erase();
  words.insert(words.end(), {"--yes", "--out", note.string()});
  RETURN_IF_ERROR(service.Must(words, Asks::kServer));
  ASSIGN_OR_RETURN(const std::string certificate, base::ReadFile(note));
  if (certificate.find("verdict: clean") == std::string::npos) {
    return base::DataLoss("the certificate does not say that nothing is left: {}", certificate);
  }
  if (certificate.find(kPerson) != std::string::npos) {
    return base::DataLoss("the certificate names the person");
  }
  RETURN_IF_ERROR(Says(service.Run(Erase(), Asks::kServer), 1, "nobody of that kind"));
  return "found before (control); after erasing, values, logs and files searched: clean, says a "
         "signed certificate that names nobody; the person is known no more";
}

Result RestoredStaysErased(Trial& trial, const std::string&) {
  DrillService& service = *trial.service;
  const fs::path lost = service.data();
  RETURN_IF_ERROR(service.Stop());
  const fs::path restored = lost.parent_path() / "restored";
  RETURN_IF_ERROR(service.Must({"restore", "--from", service.backups().string(), "--to",
                                restored.string(), "--backup", "1"}));
  std::error_code error;
  fs::copy(lost / "keyring", restored / "keyring", fs::copy_options::recursive, error);
  if (!error) {
    fs::copy(lost / "compliance/audit_log.seed", restored / "compliance/audit_log.seed", error);
  }
  if (error) return base::Unavailable("the keys cannot be copied: {}", error.message());
  RETURN_IF_ERROR(service.Start("restored"));
  RETURN_IF_ERROR(Says(service.Run(Erase(), Asks::kServer), 1, "nobody of that kind"));
  const std::string log = base::ReadFile(service.log()).value_or("");
  if (log.find("erasures_repeated") == std::string::npos) {
    return base::DataLoss("the start did not repeat the erasure");
  }
  std::vector<std::string> other = Erase();
  other.back() = kOther;
  RETURN_IF_ERROR(Says(service.Run(other, Asks::kServer), 0, "SampleRecord.sampled_by_sealed"));
  return "the backup from before the erasure restored and served: the erasure was repeated before "
         "the first answer, the other sampler is still there (control)";
}

Result DocumentsFollow(Trial& trial, const std::string& directory) {
  DrillService& service = *trial.service;
  RETURN_IF_ERROR(service.Stop());
  const std::string set = "data_dir=" + service.data().string();
  const std::string sheet = directory + "/fiche";
  RETURN_IF_ERROR(service.Must({"fiche", "make", "--set", set, "--out", sheet}));
  constexpr std::string_view kIntact = "demonstrated      audit.intact";
  const std::vector<std::string> verify = {"fiche", "verify", "--set", set, sheet + ".json"};
  const DrillAnswer before = service.Run(verify);
  if (before.text.find("not demonstrated  audit.intact") != std::string::npos ||
      before.text.find(kIntact) == std::string::npos) {
    return base::DataLoss("the sheet does not find its own log intact: {}", before.text);
  }
  const DrillAnswer first = service.Run({"register", "--format", "json"});
  const DrillAnswer second = service.Run({"register", "--format", "json"});
  if (first.exit_code != 0 || first.text != second.text) {
    return base::DataLoss("the register was printed twice, and differs");
  }
  const fs::path checkpoint = service.data() / "compliance/audit/checkpoint";
  ASSIGN_OR_RETURN(std::string bytes, base::ReadFile(checkpoint));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  RETURN_IF_ERROR(base::WriteFileAtomically(checkpoint, bytes));
  const DrillAnswer after = service.Run(verify);
  if (after.exit_code != 1 ||
      after.text.find("not demonstrated  audit.intact") == std::string::npos) {
    return base::DataLoss("a letter of the checkpoint was changed and the sheet did not notice");
  }
  return "register twice: the same bytes; the sheet finds its audit log intact (control), and not "
         "any more after one bit of the checkpoint was flipped";
}

std::vector<publication::SiteWeek> MadeCountry() {
  std::mt19937 random(20'240'101);
  std::vector<publication::SiteWeek> weeks;
  for (int site = 0; site < 24; ++site) {
    const auto persons = static_cast<std::int64_t>(800 * (1 + random() % 40));
    const std::string district = fmt::format("district-{}", site % 5);
    for (int week = 0; week < 8; ++week) {
      publication::SiteWeek said;
      said.site_id = fmt::format("site-{:02}", site);
      said.target = "sars-cov-2";
      said.week = base::Day(std::chrono::year(2024) / 1 / 1) + std::chrono::weeks(week);
      said.milli_gc_per_l = static_cast<std::int64_t>(random() % 90'000'000);
      said.detected = true;
      said.site_class = publication::Classify(persons, publication::InstitutionKind::kNone, {});
      said.persons[district] = persons;
      said.district_id = district;
      weeks.push_back(std::move(said));
    }
  }
  return weeks;
}

Result PublicationWithstands(const std::string&) {
  publication::ReleaseOptions options;
  options.plan.sites = publication::PlanOptions::Sites::kWhereAllowed;
  options.plan.publication_day = base::Day(std::chrono::year(2024) / 6 / 1);
  publication::NoiseSource noise(crypto::FillRandom);
  ASSIGN_OR_RETURN(const auto release, publication::Compose(MadeCountry(), {}, options, noise));
  const std::size_t won_without = release.attack.won_without;
  const std::size_t won =
      publication::Reattack({release.record}, options.plan.rules.protection_percent).size();
  if (won_without == 0) {
    return base::Internal("the attacker wins nothing even without suppression: a poor control");
  }
  if (won > 0) return base::DataLoss("the attacker wins {} contributions", won);
  return fmt::format(
      "24 made-up sites, 8 weeks: without secondary suppression the attacker wins {} of {} "
      "protected contributions (control), against the release none",
      won_without, release.attack.protected_contributions);
}

}  // namespace

std::vector<DrillStep> LivingDrillSteps() {
  const auto trial = std::make_shared<Trial>();
  const auto step = [&](Result (*run)(Trial&, const std::string&)) {
    return [trial, run](const std::string& directory) -> Result {
      if (run != &NothingInClear && trial->service == nullptr) {
        return base::FailedPrecondition("the drill's own service did not start");
      }
      return run(*trial, directory);
    };
  };
  return {
      {"No name of a person is stored in clear", step(&NothingInClear)},
      {"Who was erased is found nowhere", step(&ErasedIsGone)},
      {"A restored older backup does not bring them back", step(&RestoredStaysErased)},
      {"Register and sheet follow the system they are about", step(&DocumentsFollow)},
      {"What is published gives no protected site away", PublicationWithstands},
  };
}

}  // namespace belgrand::cli
