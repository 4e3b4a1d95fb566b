#include "services/cli/sensors_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/csv.h"

namespace belgrand::cli {
namespace {

namespace v1 = sensor::v1;

constexpr base::Duration kTimeout = std::chrono::seconds(60);
constexpr std::size_t kSensorsPerCall = 5'000;

// A CSV file whose columns are found by name.
class Table {
 public:
  static base::StatusOr<std::unique_ptr<Table>> Open(const std::string& path,
                                                     const std::vector<std::string>& needed,
                                                     const std::vector<std::string>& optional) {
    auto table = std::make_unique<Table>(path);
    if (!table->file_) return base::NotFound("{} cannot be read", path);
    std::vector<std::string> header;
    ASSIGN_OR_RETURN(const bool any, table->reader_.Next(header));
    if (!any) return base::InvalidArgument("{} is empty", path);
    for (std::size_t i = 0; i < header.size(); ++i) {
      const auto known = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), header[i]) != names.end();
      };
      if (!known(needed) && !known(optional)) {
        return base::InvalidArgument("{}: column '{}' is not known", path, header[i]);
      }
      table->columns_[header[i]] = i;
    }
    for (const std::string& name : needed) {
      if (!table->columns_.contains(name)) {
        return base::InvalidArgument("{}: column '{}' is missing", path, name);
      }
    }
    return table;
  }

  explicit Table(const std::string& path) : path_(path), file_(path), reader_(file_) {}

  base::StatusOr<bool> Next() { return reader_.Next(fields_); }
  // Empty when the file does not have the column.
  std::string Text(const std::string& column) const {
    const auto at = columns_.find(column);
    return at == columns_.end() || at->second >= fields_.size() ? "" : fields_[at->second];
  }
  base::StatusOr<std::optional<double>> Number(const std::string& column) const {
    const std::string text = Text(column);
    if (text.empty()) return std::optional<double>();
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(number)) {
      return base::InvalidArgument("{}, row {}, {}: '{}' is no number", path_, reader_.row(),
                                   column, text);
    }
    return std::optional<double>(number);
  }
  std::string Place() const { return fmt::format("{}, row {}", path_, reader_.row()); }

 private:
  const std::string path_;
  std::ifstream file_;
  sample::CsvReader reader_;
  std::map<std::string, std::size_t> columns_;
  std::vector<std::string> fields_;
};

void SetSeconds(google::protobuf::Duration& duration, double seconds) {
  const double whole = std::floor(std::clamp(seconds, -1e9, 1e9));
  duration.set_seconds(static_cast<std::int64_t>(whole));
  duration.set_nanos(static_cast<std::int32_t>((seconds - whole) * 1e6) * 1000);
}

base::Status TakeLimits(const Table& table, v1::Sensor& sensor) {
  using Setter = void (v1::TestLimits::*)(double);
  const std::vector<std::pair<const char*, Setter>> thresholds = {
      {"fail_low", &v1::TestLimits::set_fail_low},
      {"fail_high", &v1::TestLimits::set_fail_high},
      {"suspect_low", &v1::TestLimits::set_suspect_low},
      {"suspect_high", &v1::TestLimits::set_suspect_high},
      {"spike_suspect", &v1::TestLimits::set_spike_suspect},
      {"spike_fail", &v1::TestLimits::set_spike_fail},
      {"rate_suspect", &v1::TestLimits::set_rate_suspect},
      {"flat_tolerance", &v1::TestLimits::set_flat_tolerance},
      {"attenuated_suspect", &v1::TestLimits::set_attenuated_suspect},
      {"attenuated_fail", &v1::TestLimits::set_attenuated_fail}};
  for (const auto& [name, set] : thresholds) {
    ASSIGN_OR_RETURN(const auto value, table.Number(name));
    if (value) (sensor.mutable_limits()->*set)(*value);
  }
  ASSIGN_OR_RETURN(const auto suspect, table.Number("flat_suspect_s"));
  if (suspect) SetSeconds(*sensor.mutable_limits()->mutable_flat_suspect(), *suspect);
  ASSIGN_OR_RETURN(const auto fail, table.Number("flat_fail_s"));
  if (fail) SetSeconds(*sensor.mutable_limits()->mutable_flat_fail(), *fail);
  ASSIGN_OR_RETURN(const auto over, table.Number("attenuated_over_s"));
  if (over) SetSeconds(*sensor.mutable_limits()->mutable_attenuated_over(), *over);
  ASSIGN_OR_RETURN(const auto gap, table.Number("max_gap_s"));
  if (gap) SetSeconds(*sensor.mutable_limits()->mutable_max_gap(), *gap);
  return base::OkStatus();
}

void Add(const v1::StreamReadingsResponse& response, SendTotals& totals) {
  for (const auto& answer : response.acknowledgements()) {
    totals.stored += answer.stored();
    totals.duplicate += answer.duplicate();
    totals.conflicting += answer.conflicting();
    totals.rejected += answer.rejected();
    for (const auto& problem : answer.problems()) ++totals.problems[problem.rule()];
  }
}

}  // namespace

base::StatusOr<std::vector<v1::Sensor>> ReadSensorFile(const std::string& path) {
  ASSIGN_OR_RETURN(
      const auto table,
      Table::Open(path, {"sensor_id", "site_id", "quantity", "sampling_interval_s"},
                  {"unit", "device_id", "metric", "gateway_id", "fail_low", "fail_high",
                   "suspect_low", "suspect_high", "spike_suspect", "spike_fail", "rate_suspect",
                   "flat_tolerance", "flat_suspect_s", "flat_fail_s", "attenuated_suspect",
                   "attenuated_fail", "attenuated_over_s", "max_gap_s"}));
  std::vector<v1::Sensor> sensors;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, table->Next());
    if (!more) return sensors;
    v1::Sensor& sensor = sensors.emplace_back();
    sensor.set_sensor_id(table->Text("sensor_id"));
    sensor.set_site_id(table->Text("site_id"));
    std::string quantity = table->Text("quantity");
    std::transform(quantity.begin(), quantity.end(), quantity.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    v1::Quantity number = v1::QUANTITY_UNSPECIFIED;
    if (!v1::Quantity_Parse(quantity, &number)) {
      return base::InvalidArgument("{}: quantity '{}' is not known", table->Place(),
                                   table->Text("quantity"));
    }
    sensor.set_quantity(number);
    ASSIGN_OR_RETURN(const auto interval, table->Number("sampling_interval_s"));
    SetSeconds(*sensor.mutable_sampling_interval(), interval.value_or(0));
    sensor.set_unit(table->Text("unit"));
    sensor.set_device_id(table->Text("device_id"));
    sensor.set_metric(table->Text("metric"));
    sensor.set_gateway_id(table->Text("gateway_id"));
    RETURN_IF_ERROR(TakeLimits(*table, sensor));
  }
}

base::StatusOr<std::vector<ReadingColumns>> ReadReadingFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto table,
                   Table::Open(path, {"sensor_id", "measured_at", "value"}, {"unit"}));
  std::map<std::pair<std::string, std::string>, ReadingColumns> columns;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, table->Next());
    if (!more) break;
    const auto at = base::ParseInstant(table->Text("measured_at"));
    if (!at.ok()) return base::Annotate(at.status(), table->Place());
    ASSIGN_OR_RETURN(const auto value, table->Number("value"));
    ReadingColumns& part = columns[{table->Text("sensor_id"), table->Text("unit")}];
    part.times_us.push_back(base::ToMicros(*at));
    part.values.push_back(value.value_or(0));
    part.missing.push_back(!value);
  }
  std::vector<ReadingColumns> list;
  for (auto& [key, part] : columns) {
    part.sensor_id = key.first;
    part.unit = key.second;
    list.push_back(std::move(part));
  }
  return list;
}

base::StatusOr<v1::PutSensorsResponse> SensorsClient::Put(const std::vector<v1::Sensor>& sensors) {
  v1::PutSensorsResponse total;
  for (std::size_t at = 0; at < sensors.size(); at += kSensorsPerCall) {
    v1::PutSensorsRequest request;
    const std::size_t end = std::min(at + kSensorsPerCall, sensors.size());
    for (std::size_t i = at; i < end; ++i) *request.add_sensors() = sensors[i];
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    v1::PutSensorsResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(stub_->PutSensors(&context, request, &response)));
    total.set_added(total.added() + response.added());
    total.set_changed(total.changed() + response.changed());
    total.set_unchanged(total.unchanged() + response.unchanged());
  }
  return total;
}

base::StatusOr<v1::ListSensorsResponse> SensorsClient::List(const std::string& site_id) {
  v1::ListSensorsRequest request;
  request.set_site_id(site_id);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  v1::ListSensorsResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->ListSensors(&context, request, &response)));
  return response;
}

base::StatusOr<SendTotals> SensorsClient::Send(const std::vector<ReadingColumns>& columns,
                                               std::uint64_t epoch, std::size_t batch) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamReadings(&context);
  SendTotals totals;
  std::map<std::string, std::uint64_t> next;
  std::uint64_t number = 0;
  bool open = true;
  for (const ReadingColumns& part : columns) {
    std::uint64_t& sequence = next.try_emplace(part.sensor_id, 1).first->second;
    for (std::size_t at = 0; open && at < part.values.size(); at += batch) {
      v1::StreamReadingsRequest request;
      request.set_request_number(++number);
      v1::ReadingBatch& readings = *request.add_batches();
      readings.set_sensor_id(part.sensor_id);
      readings.set_epoch(epoch);
      readings.set_unit(part.unit);
      readings.set_first_sequence(sequence);
      for (std::size_t i = at; i < std::min(at + batch, part.values.size()); ++i, ++sequence) {
        if (part.missing[i]) readings.add_missing(static_cast<std::uint32_t>(i - at));
        readings.add_measured_at_us(part.times_us[i]);
        readings.add_values(part.values[i]);
      }
      v1::StreamReadingsResponse response;
      open = stream->Write(request) && stream->Read(&response);
      if (open) Add(response, totals);
    }
  }
  stream->WritesDone();
  RETURN_IF_ERROR(rpc::FromGrpc(stream->Finish()));
  if (!open) return base::Unavailable("the service ended the stream: send the file again");
  return totals;
}

base::Status SensorsClient::Read(const v1::ReadReadingsRequest& request,
                                 const std::function<void(const v1::ReadReadingsResponse&)>& take) {
  grpc::ClientContext context;
  const auto reader = stub_->ReadReadings(&context, request);
  for (v1::ReadReadingsResponse part; reader->Read(&part);) take(part);
  return rpc::FromGrpc(reader->Finish());
}

base::Status SensorsClient::ReadDownsampled(const v1::ReadDownsampledRequest& request,
                                            const std::function<void(const v1::Bucket&)>& take) {
  grpc::ClientContext context;
  const auto reader = stub_->ReadDownsampled(&context, request);
  for (v1::ReadDownsampledResponse part; reader->Read(&part);) {
    for (const v1::Bucket& bucket : part.buckets()) take(bucket);
  }
  return rpc::FromGrpc(reader->Finish());
}

}  // namespace belgrand::cli
