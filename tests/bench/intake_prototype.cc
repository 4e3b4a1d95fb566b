#include "tests/bench/intake_prototype.h"

#include <cstring>
#include <unordered_map>

#include "platform/base/check.h"
#include "platform/storage/keys.h"

namespace belgrand::bench {
namespace {

using ingest::v1::Sample;
using Samples = google::protobuf::RepeatedPtrField<Sample>;

template <typename T>
void AppendPlain(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename Get>
void Texts(const Samples& samples, Get get, std::string& out) {
  std::unordered_map<std::string_view, std::uint16_t> codes;
  std::string dictionary;
  std::string_view last;
  std::uint16_t last_code = 0;
  for (const Sample& sample : samples) {
    const std::string_view text = get(sample);
    if (codes.empty() || text != last) {
      const auto [it, fresh] = codes.try_emplace(text, static_cast<std::uint16_t>(codes.size()));
      if (fresh) {
        AppendPlain(dictionary, static_cast<std::uint16_t>(text.size()));
        dictionary += text;
      }
      last = text;
      last_code = it->second;
    }
    AppendPlain(out, last_code);
  }
  out += dictionary;
}

template <typename Get>
void Plain(const Samples& samples, Get get, std::string& out) {
  for (const Sample& sample : samples) AppendPlain(out, get(sample));
}

}  // namespace

std::string EncodeColumns(const Samples& samples) {
  std::string out;
  out.reserve(static_cast<std::size_t>(samples.size()) * 90);
  for (const Sample& sample : samples) {
    AppendPlain(out, static_cast<std::uint16_t>(sample.sample_id().size()));
    out += sample.sample_id();
  }
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.laboratory_id(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.site_id(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.target(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.unit(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.method_id(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.sampled_by(); }, out);
  Texts(
      samples, [](const Sample& s) -> std::string_view { return s.analysed_by(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.collected_at().seconds(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.known_at().seconds(); }, out);
  Plain(
      samples, [](const Sample& s) { return static_cast<char>(s.censoring()); }, out);
  Plain(
      samples, [](const Sample& s) { return s.value(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.lod(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.loq(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.flow_m3_per_day(); }, out);
  Plain(
      samples, [](const Sample& s) { return s.population_served(); }, out);
  return out;
}

Prototype::Prototype(const std::filesystem::path& directory,
                     const std::optional<rpc::TlsFiles>& tls) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = {"chunks"};
  auto store = storage::Store::Open(options);
  BELGRAND_CHECK(store.ok());
  store_ = std::move(*store);
  rpc::ServerOptions server;
  server.listen = "127.0.0.1:0";
  server.tls = tls;
  server.services = {this};
  auto created = rpc::Server::Create(server);
  BELGRAND_CHECK(created.ok());
  server_ = std::move(*created);
}

Prototype::~Prototype() { server_->Stop(std::chrono::milliseconds(200)); }

grpc::Status Prototype::StreamSamples(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<ingest::v1::StreamSamplesResponse, ingest::v1::StreamSamplesRequest>*
        stream) {
  ingest::v1::StreamSamplesRequest request;
  while (stream->Read(&request)) {
    std::string key;
    storage::AppendUint64(key, next_key_.fetch_add(1));
    storage::Batch batch;
    batch.Put(0, key, EncodeColumns(request.samples()));
    if (!store_->Write(batch).ok()) return {grpc::StatusCode::UNAVAILABLE, "the disk refused"};
    ingest::v1::StreamSamplesResponse response;
    response.set_batch_id(request.batch_id());
    if (!stream->Write(response)) break;
  }
  return grpc::Status::OK;
}

}  // namespace belgrand::bench
