#include "sample/target.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::array kTargets = {
    Target{"sars-cov-2", "SARS-CoV-2", "SARS-CoV-2"},
    Target{"fluav", "Influenza A virus", "virus de la grippe A"},
    Target{"flubv", "Influenza B virus", "virus de la grippe B"},
    Target{"rsv", "Respiratory syncytial virus", "virus respiratoire syncytial"},
    Target{"rsv-a", "Respiratory syncytial virus A", "virus respiratoire syncytial A"},
    Target{"rsv-b", "Respiratory syncytial virus B", "virus respiratoire syncytial B"},
    Target{"fluav-h5", "Influenza A virus, subtype H5", "virus de la grippe A, sous-type H5", true},
    Target{"hmpv", "Human metapneumovirus", "métapneumovirus humain"},
    Target{"norovirus", "Norovirus", "norovirus"},
    Target{"norovirus-gi", "Norovirus genogroup I", "norovirus du génogroupe I"},
    Target{"norovirus-gii", "Norovirus genogroup II", "norovirus du génogroupe II"},
    Target{"rotavirus", "Rotavirus", "rotavirus"},
    Target{"adenovirus", "Human adenovirus", "adénovirus humain"},
    Target{"enterovirus", "Enterovirus", "entérovirus"},
    Target{"ev-d68", "Enterovirus D68", "entérovirus D68"},
    Target{"poliovirus", "Poliovirus", "poliovirus", true},
    Target{"hav", "Hepatitis A virus", "virus de l'hépatite A"},
    Target{"hev", "Hepatitis E virus", "virus de l'hépatite E"},
    Target{"mpox", "Mpox virus", "virus mpox", true},
    Target{"mev", "Measles virus", "virus de la rougeole", true},
    Target{"mev-wt", "Measles virus, wild type", "virus de la rougeole, type sauvage", true},
    Target{"mev-va", "Measles virus, vaccine strain", "virus de la rougeole, souche vaccinale"},
    Target{"pmmov", "Pepper mild mottle virus (faecal marker)",
           "virus de la marbrure du piment (marqueur fécal)"},
    Target{"crassphage", "CrAssphage (faecal marker)", "crAssphage (marqueur fécal)"},
};

struct Synonym {
  std::string_view spelling;
  std::string_view code;
  std::string_view gene = {};
};

constexpr std::array kSynonyms = {
    Synonym{"sars2", "sars-cov-2"},
    Synonym{"sarscov2", "sars-cov-2"},
    Synonym{"scov2", "sars-cov-2"},
    Synonym{"sars-cov-2-n1", "sars-cov-2", "n1"},
    Synonym{"sars-cov-2-n2", "sars-cov-2", "n2"},
    Synonym{"covid", "sars-cov-2"},
    Synonym{"covid-19", "sars-cov-2"},
    Synonym{"n", "sars-cov-2", "n"},
    Synonym{"n1", "sars-cov-2", "n1"},
    Synonym{"n2", "sars-cov-2", "n2"},
    Synonym{"sars-n1", "sars-cov-2", "n1"},
    Synonym{"sars-n2", "sars-cov-2", "n2"},
    Synonym{"covn1", "sars-cov-2", "n1"},
    Synonym{"covn2", "sars-cov-2", "n2"},
    Synonym{"covn3", "sars-cov-2", "n3"},
    Synonym{"covn200", "sars-cov-2", "n200"},
    Synonym{"cove", "sars-cov-2", "e"},
    Synonym{"covrdrp", "sars-cov-2", "rdrp"},
    Synonym{"influenza-a", "fluav"},
    Synonym{"influenza-a-virus", "fluav"},
    Synonym{"flu-a", "fluav"},
    Synonym{"iav", "fluav"},
    Synonym{"iav-m", "fluav", "m"},
    Synonym{"infa", "fluav"},
    Synonym{"influenza-b", "flubv"},
    Synonym{"influenza-b-virus", "flubv"},
    Synonym{"flu-b", "flubv"},
    Synonym{"ibv", "flubv"},
    Synonym{"ibv-m", "flubv", "m"},
    Synonym{"infb", "flubv"},
    Synonym{"rsv-n", "rsv", "n"},
    Synonym{"rsv-a/b", "rsv"},
    Synonym{"hrsv", "rsv"},
    Synonym{"h5", "fluav-h5"},
    Synonym{"h5n1", "fluav-h5"},
    Synonym{"influenza-a-h5", "fluav-h5"},
    Synonym{"metapneumovirus", "hmpv"},
    Synonym{"nov", "norovirus"},
    Synonym{"nov-gi", "norovirus-gi"},
    Synonym{"nov-gii", "norovirus-gii"},
    Synonym{"hadv", "adenovirus"},
    Synonym{"evd68", "ev-d68"},
    Synonym{"polio", "poliovirus"},
    Synonym{"hepatitis-a", "hav"},
    Synonym{"hepatitis-e", "hev"},
    Synonym{"monkeypox", "mpox"},
    Synonym{"mpxv", "mpox"},
    Synonym{"hmpxv", "mpox"},
    Synonym{"measles", "mev"},
    Synonym{"measles-virus", "mev"},
    Synonym{"measles-wt", "mev-wt"},
    Synonym{"measles-wild-type", "mev-wt"},
    Synonym{"measles-va", "mev-va"},
    Synonym{"measles-vaccine", "mev-va"},
    Synonym{"pepper-mild-mottle-virus", "pmmov"},
    Synonym{"cross-assembly-phage", "crassphage"},
};

// Case, spaces, '-' and '_' carry no meaning in any of the spellings.
std::string Fold(std::string_view text) {
  std::string folded = Lower(Trim(text));
  std::erase_if(folded, [](char c) { return c == ' ' || c == '-' || c == '_'; });
  return folded;
}

const std::unordered_map<std::string, std::string_view>& CodeBySpelling() {
  static const auto& table = *[] {
    auto* map = new std::unordered_map<std::string, std::string_view>();
    for (const Target& target : kTargets) map->emplace(Fold(target.code), target.code);
    for (const Synonym& synonym : kSynonyms) map->emplace(Fold(synonym.spelling), synonym.code);
    return map;
  }();
  return table;
}

}  // namespace

std::span<const Target> KnownTargets() { return kTargets; }

bool IsRareTarget(std::string_view code) {
  return std::ranges::any_of(
      kTargets, [&](const Target& target) { return target.rare && target.code == code; });
}

std::optional<std::string_view> CanonicalTarget(std::string_view text) {
  // By far the most frequent.
  for (const Target& target : kTargets) {
    if (target.code == text) return target.code;
  }
  const auto found = CodeBySpelling().find(Fold(text));
  if (found == CodeBySpelling().end()) return std::nullopt;
  return found->second;
}

std::string_view GeneOfTarget(std::string_view text) {
  // The codes themselves, by far the most frequent, name no gene.
  for (const Target& target : kTargets) {
    if (target.code == text) return {};
  }
  const std::string folded = Fold(text);
  for (const Synonym& synonym : kSynonyms) {
    if (!synonym.gene.empty() && Fold(synonym.spelling) == folded) return synonym.gene;
  }
  return {};
}

std::string_view NearestTarget(std::string_view text) {
  std::vector<std::string_view> spellings;
  for (const Target& target : kTargets) spellings.push_back(target.code);
  for (const Synonym& synonym : kSynonyms) spellings.push_back(synonym.spelling);
  const std::string_view nearest = Nearest(Trim(text), spellings);
  if (nearest.empty()) return {};
  return CanonicalTarget(nearest).value_or(std::string_view());
}

std::string TargetList() {
  std::string list;
  for (const Target& target : kTargets) {
    if (!list.empty()) list += ", ";
    list += target.code;
  }
  return list;
}

}  // namespace belgrand::sample
