// The page that a person reads.
#include <fmt/format.h>

#include <map>

#include "services/cli/access_files.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using compliance::Language;
using compliance::v1::HeldField;
using compliance::v1::HeldRecord;

struct Words {
  std::string_view english;
  std::string_view french;
};

class Page {
 public:
  Page(const SubjectData& data, Language language) : data_(data), language_(language) {}

  std::string Write() {
    Head();
    Purposes();
    Data();
    Recipients();
    Rights();
    return std::move(html_) + "</body></html>\n";
  }

 private:
  std::string_view In(const Words& words) const {
    return language_ == Language::kFrench ? words.french : words.english;
  }
  static std::string Escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
      switch (c) {
        case '&':
          escaped += "&amp;";
          break;
        case '<':
          escaped += "&lt;";
          break;
        case '>':
          escaped += "&gt;";
          break;
        case '"':
          escaped += "&quot;";
          break;
        default:
          escaped += c;
      }
    }
    return escaped;
  }
  static std::string Date(const google::protobuf::Timestamp& timestamp) {
    return base::FormatDay(base::DayOf(shared::ToInstant(timestamp)));
  }
  void Title(const Words& words) { html_ += fmt::format("<h2>{}</h2>\n", In(words)); }
  void Text(const Words& words) { html_ += fmt::format("<p>{}</p>\n", In(words)); }
  void HeadRow(std::initializer_list<Words> cells) {
    html_ += "<table><tr>";
    for (const Words& cell : cells) html_ += fmt::format("<th>{}</th>", In(cell));
    html_ += "</tr>\n";
  }
  void Row(std::initializer_list<std::string> cells) {
    html_ += "<tr>";
    for (const std::string& cell : cells) html_ += fmt::format("<td>{}</td>", Escaped(cell));
    html_ += "</tr>\n";
  }

  void Head() {
    const auto& of_case = data_.of_case;
    const std::string_view title =
        In({"What is kept of you", "Les données conservées à votre sujet"});
    html_ += fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
        "<style>body{{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}"
        "table{{border-collapse:collapse;margin:.5em 0 1.5em}}td,th{{border:1px solid #999;"
        "padding:.2em .5em;text-align:left;vertical-align:top}}</style></head><body>\n"
        "<h1>{}</h1>\n",
        language_ == Language::kFrench ? "fr" : "en", title, title);
    html_ += fmt::format(
        "<p>{}: <strong>{}</strong> ({}{}{})<br>{} {} &middot; {} {} &middot; {} {}</p>\n",
        In({"Person", "Personne"}), Escaped(of_case.name()),
        compliance::SubjectText(of_case.subject(), language_), of_case.tenant().empty() ? "" : ", ",
        Escaped(of_case.tenant()), In({"Request received", "Demande reçue le"}),
        Date(of_case.received_at()), In({"answered", "réponse établie le"}),
        base::FormatDay(base::DayOf(data_.made_at)), In({"case", "dossier"}), of_case.case_id());
  }

  void Purposes() {
    Title({"Why it is kept", "Pourquoi elles sont conservées"});
    HeadRow({{"purpose", "finalité"},
             {"legal basis (GDPR)", "base légale (RGPD)"},
             {"record", "enregistrement"},
             {"kept", "conservé"},
             {"recipients", "destinataires"}});
    for (const auto& purpose : data_.purposes) {
      std::string recipients;
      for (const std::string& recipient : purpose.recipients()) {
        if (!recipients.empty()) recipients += ", ";
        recipients += compliance::RecipientText(recipient, language_);
      }
      Row({compliance::ActivityText(purpose.activity(), language_), "Art. " + purpose.legal_basis(),
           purpose.record(), compliance::DurationText(purpose.retention(), language_), recipients});
    }
    html_ += "</table>\n";
    if (data_.of_case.tenant().empty()) {
      Text({"Source: what officials enter when they answer alerts.",
            "Source : ce que les agents saisissent en traitant les alertes."});
    } else {
      html_ += fmt::format("<p>{} {}.</p>\n",
                           In({"Source: what was submitted by the laboratory",
                               "Source : les envois du laboratoire"}),
                           Escaped(data_.of_case.tenant()));
    }
    Text({"The service takes no automated decision about persons.",
          "Le service ne prend aucune décision automatisée au sujet de personnes."});
  }

  void Data() {
    Title({"The data", "Les données"});
    html_ += fmt::format(
        "<p>{}: {}</p>\n",
        In({"Records that hold something of you", "Enregistrements qui vous concernent"}),
        data_.records.size());
    std::uint64_t number = 0;
    for (const HeldRecord& record : data_.records) Record(++number, record);
    Text(
        {"Names of other persons are left out; a text may still mention others. An empty value "
         "could not be opened any more.",
         "Les noms d'autres personnes sont omis ; un texte peut encore en mentionner. Une valeur "
         "vide ne peut plus être lue."});
  }

  void Record(std::uint64_t number, const HeldRecord& record) {
    html_ += fmt::format("<h3>{}. {}</h3>\n", number, Escaped(record.record()));
    HeadRow({{"field", "champ"},
             {"category", "catégorie"},
             {"value", "valeur"},
             {"erased", "effacé le"}});
    std::string beside;
    for (const HeldField& field : record.fields()) {
      if (field.category() == privacy::v1::NOT_PERSONAL) {
        if (!beside.empty()) beside += "; ";
        beside += field.name() + " " + field.value();
        continue;
      }
      Row({field.name(), compliance::CategoryText(field.category(), language_), field.value(),
           field.has_gone_at()
               ? Date(field.gone_at())
               : std::string(In({"no date yet: for how long it is kept stands above",
                                 "pas encore de date : voir la durée ci-dessus"}))});
    }
    html_ += fmt::format("</table>\n<p><small>{}: {}</small></p>\n",
                         In({"The record says besides", "L'enregistrement dit en outre"}),
                         Escaped(beside));
  }

  void Recipients() {
    Title({"Who was shown it", "Qui y a eu accès"});
    html_ += fmt::format(
        "<p>{} {}; {} {}.</p>\n",
        In({"From the audit log; entries read:", "D'après le journal d'audit ; entrées lues :"}),
        data_.audit_entries, In({"the oldest of", "la plus ancienne du"}),
        data_.audit_since ? base::FormatDay(base::DayOf(*data_.audit_since)) : "-");
    if (data_.audit_logs_expired > 0) {
      Text({"Older entries are past their own retention and gone.",
            "Les entrées plus anciennes ont atteint leur durée de conservation et sont effacées."});
    }
    if (data_.audit_logs_damaged > 0) {
      Text({"A part of the log cannot be read: recipients may be missing here.",
            "Une partie du journal est illisible : des destinataires peuvent manquer ici."});
    }
    HeadRow({{"role", "rôle"},
             {"call", "appel"},
             {"callers", "appelants"},
             {"calls", "appels"},
             {"about your records", "sur vos enregistrements"},
             {"first", "premier"},
             {"last", "dernier"}});
    for (const auto& recipient : data_.recipients) {
      Row({recipient.role() == privacy::v1::ROLE_UNSPECIFIED
               ? std::string(In({"this machine", "cette machine"}))
               : compliance::RoleText(recipient.role(), language_),
           recipient.method(), fmt::format("{}", recipient.callers()),
           fmt::format("{}", recipient.calls()), fmt::format("{}", recipient.calls_about_records()),
           Date(recipient.first_at()), Date(recipient.last_at())});
    }
    html_ += "</table>\n";
    Text(
        {"Such a call may have shown something of you: the log does not hold what an answer "
         "contained. Mails and messages already sent are not counted here.",
         "Un tel appel a pu montrer des données vous concernant : le journal ne garde pas le "
         "contenu des réponses. Les courriels et messages déjà envoyés ne sont pas comptés ici."});
  }

  void Rights() {
    Title({"Your rights", "Vos droits"});
    Text(
        {"You may ask for your data to be corrected (Art. 16 GDPR), erased (Art. 17) or restricted "
         "(Art. 18), object to the processing (Art. 21), and lodge a complaint with a supervisory "
         "authority.",
         "Vous pouvez demander la rectification (art. 16 RGPD), l'effacement (art. 17) ou la "
         "limitation (art. 18) de vos données, vous opposer au traitement (art. 21) et introduire "
         "une réclamation auprès d'une autorité de contrôle (en France, la CNIL)."});
  }

  const SubjectData& data_;
  const Language language_;
  std::string html_;
};

}  // namespace

std::string AccessPage(const SubjectData& data, Language language) {
  return Page(data, language).Write();
}

}  // namespace belgrand::cli
