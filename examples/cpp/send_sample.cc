// Sends one measurement to a Belgrand on this machine and prints its verdict:
//
//   send_sample <host:port> <laboratory> <sample> <site> <value in gc/L>
//
// Built with the project as build/<preset>/examples/cpp/send_sample. A client of your own needs the
// contract (proto/), protoc with the gRPC plug-in, and gRPC; it uses nothing else of the project.
// Across a network replace InsecureChannelCredentials by SslCredentials: the service demands a
// certificate.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"

namespace {

namespace ingest = belgrand::ingest::v1;

ingest::Sample MakeSample(char** words) {
  ingest::Sample sample;
  sample.set_laboratory_id(words[2]);
  sample.set_sample_id(words[3]);
  sample.set_site_id(words[4]);
  sample.set_value(std::atof(words[5]));
  sample.set_unit("gc/L");
  sample.set_target("sars-cov-2");
  sample.set_censoring(ingest::NONE);
  sample.set_lod(1000);
  sample.set_loq(3000);
  sample.mutable_collected_at()->set_seconds(1'704'412'800);  // 2024-01-05
  return sample;
}

// Sending again is safe: what was stored comes back as DUPLICATE.
grpc::Status Submit(ingest::IngestService::Stub& stub, const ingest::SubmitSamplesRequest& request,
                    ingest::SubmitSamplesResponse& response) {
  grpc::Status status;
  for (int attempt = 0; attempt < 5; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    status = stub.SubmitSamples(&context, request, &response);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200 << attempt));
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: send_sample <host:port> <laboratory> <sample> <site> <value in gc/L>\n";
    return 2;
  }
  const auto stub = ingest::IngestService::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  ingest::SubmitSamplesRequest request;
  *request.add_samples() = MakeSample(argv);
  ingest::SubmitSamplesResponse response;
  const grpc::Status status = Submit(*stub, request, response);
  if (!status.ok()) {
    std::cerr << status.error_message() << "\n";
    return 1;
  }
  bool rejected = false;
  for (const ingest::Verdict& verdict : response.verdicts()) {
    std::cout << verdict.sample_id() << " " << ingest::Verdict::Outcome_Name(verdict.outcome())
              << "\n";
    for (const auto& violation : verdict.violations()) {
      std::cout << "  " << violation.rule() << ": " << violation.message() << "\n    -> "
                << violation.remedy() << "\n";
    }
    rejected = rejected || verdict.outcome() == ingest::Verdict::REJECTED;
  }
  return rejected ? 1 : 0;
}
