#include "services/cli/access_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using compliance::v1::HeldField;
using compliance::v1::HeldRecord;
using Json = nlohmann::ordered_json;

std::string When(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(shared::ToInstant(timestamp));
}

std::string GoneAt(const HeldField& field) {
  return field.has_gone_at() ? When(field.gone_at()) : std::string();
}

std::string Cell(std::string_view text) {
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + "\"";
}

Json FieldJson(const HeldField& field) {
  Json json = {{"field", field.name()},
               {"category", privacy::v1::Category_Name(field.category())},
               {"value", field.value()}};
  if (field.category() != privacy::v1::NOT_PERSONAL) json["gone_at"] = GoneAt(field);
  return json;
}

// Of texts that a file of another system may have brought: never an exception, whatever they hold.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string AccessJson(const SubjectData& data) {
  const auto& of_case = data.of_case;
  Json json = {{"format", 1},
               {"case", of_case.case_id()},
               {"made_at", base::FormatInstant(data.made_at)},
               {"received_at", When(of_case.received_at())},
               {"person",
                {{"kind", privacy::v1::Subject_Name(of_case.subject())},
                 {"laboratory", of_case.tenant()},
                 {"name", of_case.name()}}},
               {"purposes", Json::array()},
               {"records", Json::array()},
               {"recipients", Json::array()},
               {"audit",
                {{"entries_read", data.audit_entries},
                 {"since", data.audit_since ? base::FormatInstant(*data.audit_since) : ""},
                 {"logs_past_retention", data.audit_logs_expired},
                 {"logs_damaged", data.audit_logs_damaged}}}};
  for (const auto& purpose : data.purposes) {
    json["purposes"].push_back(
        {{"record", purpose.record()},
         {"activity", purpose.activity()},
         {"legal_basis", purpose.legal_basis()},
         {"retention", purpose.retention()},
         {"recipients",
          std::vector<std::string>(purpose.recipients().begin(), purpose.recipients().end())}});
  }
  for (const HeldRecord& record : data.records) {
    Json entry = {{"store", record.store()},
                  {"record", record.record()},
                  {"personal", Json::array()},
                  {"beside", Json::object()}};
    for (const HeldField& field : record.fields()) {
      if (field.category() == privacy::v1::NOT_PERSONAL) {
        entry["beside"][field.name()] = field.value();
      } else {
        entry["personal"].push_back(FieldJson(field));
      }
    }
    json["records"].push_back(std::move(entry));
  }
  for (const auto& recipient : data.recipients) {
    json["recipients"].push_back({{"role", privacy::v1::Role_Name(recipient.role())},
                                  {"method", recipient.method()},
                                  {"callers", recipient.callers()},
                                  {"calls", recipient.calls()},
                                  {"calls_about_records", recipient.calls_about_records()},
                                  {"first_at", When(recipient.first_at())},
                                  {"last_at", When(recipient.last_at())}});
  }
  return Dump(json);
}

std::string AccessCsv(const SubjectData& data) {
  std::string csv = "record_number,store,record,field,category,value,gone_at\r\n";
  std::uint64_t number = 0;
  for (const HeldRecord& record : data.records) {
    ++number;
    for (const HeldField& field : record.fields()) {
      csv += fmt::format("{},{},{},{},{},{},{}\r\n", number, Cell(record.store()),
                         Cell(record.record()), Cell(field.name()),
                         privacy::v1::Category_Name(field.category()), Cell(field.value()),
                         GoneAt(field));
    }
  }
  return csv;
}

}  // namespace belgrand::cli
