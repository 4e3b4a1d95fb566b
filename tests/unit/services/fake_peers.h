// The roles behind intake, in memory, with faults on demand: for tests of intake alone. Tests of
// the whole path use the real ones.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/mutex.h"

namespace belgrand::testing {

class FakeSites final : public timeseries::v1::SiteService::Service {
 public:
  void Put(const std::string& id, const std::string& district, double population) {
    const base::MutexLock lock(mutex_);
    auto& site = sites_[id];
    site.set_site_id(id);
    site.set_district_id(district);
    site.set_population_served(population);
  }
  grpc::Status PutSites(grpc::ServerContext*, const timeseries::v1::PutSitesRequest* request,
                        timeseries::v1::PutSitesResponse* response) override {
    for (const auto& site : request->sites()) {
      Put(site.site_id(), site.district_id(), site.population_served());
    }
    response->set_added(static_cast<std::uint32_t>(request->sites_size()));
    return grpc::Status::OK;
  }
  grpc::Status ListSites(grpc::ServerContext* context, const timeseries::v1::ListSitesRequest*,
                         timeseries::v1::ListSitesResponse* response) override {
    ++lists;
    while (silent && !context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (context->IsCancelled() && std::chrono::system_clock::now() < context->deadline()) {
      ++abandoned;
    }
    if (fail) return {grpc::StatusCode::UNAVAILABLE, "starting"};
    const base::MutexLock lock(mutex_);
    for (const auto& [id, site] : sites_) *response->add_sites() = site;
    return grpc::Status::OK;
  }
  std::atomic<int> lists = 0;
  // How many callers hung up before their answer and before their time was over.
  std::atomic<int> abandoned = 0;
  std::atomic<bool> fail = false;
  // Takes calls and does not answer them.
  std::atomic<bool> silent = false;

 private:
  base::Mutex mutex_;
  std::map<std::string, timeseries::v1::Site> sites_ GUARDED_BY(mutex_);
};

class FakeTimeseries final : public timeseries::v1::TimeseriesService::Service {
 public:
  using Response = timeseries::v1::AppendSamplesResponse;
  using Version = timeseries::v1::SampleVersion;

  grpc::Status AppendSamples(grpc::ServerContext* context,
                             const timeseries::v1::AppendSamplesRequest* request,
                             Response* response) override {
    deadline = context->deadline();
    if (fail) return {grpc::StatusCode::UNAVAILABLE, "disk full"};
    const base::MutexLock lock(mutex_);
    auto trial = rows_;
    std::uint64_t next = feed_;
    for (const Version& sample : request->samples()) Decide(sample, trial, next, *response);
    if (request->dry_run()) return grpc::Status::OK;
    rows_ = std::move(trial);
    feed_ = next;
    // The store has it, but intake does not hear of it.
    if (lose_answer.exchange(false)) return {grpc::StatusCode::UNAVAILABLE, "connection lost"};
    return grpc::Status::OK;
  }
  grpc::Status ReadLatestValues(grpc::ServerContext*,
                                const timeseries::v1::ReadLatestValuesRequest* request,
                                timeseries::v1::ReadLatestValuesResponse* response) override {
    ++latest_calls;
    const base::MutexLock lock(mutex_);
    for (const auto& place : request->places()) {
      for (const auto& [key, versions] : rows_) {
        const Version& newest = versions.back();
        if (newest.site_id() != place.site_id() || newest.target() != place.target()) continue;
        if (!newest.has_value() || newest.collected_at().seconds() < place.from().seconds()) {
          continue;
        }
        auto& value = *response->add_values();
        value.set_site_id(newest.site_id());
        value.set_target(newest.target());
        value.set_gene(newest.gene());
        value.set_laboratory_id(newest.laboratory_id());
        value.set_method_id(newest.method_id());
        value.set_method_version(newest.method_version());
        *value.mutable_collected_at() = newest.collected_at();
        value.set_value(newest.value());
      }
    }
    return grpc::Status::OK;
  }
  std::atomic<int> latest_calls = 0;
  std::atomic<bool> fail = false;
  std::atomic<bool> lose_answer = false;
  // Of the last call.
  std::atomic<std::chrono::system_clock::time_point> deadline{};

  // Every version of every row, by identity.
  std::map<std::string, std::vector<Version>> Rows() {
    const base::MutexLock lock(mutex_);
    return rows_;
  }

 private:
  static void Decide(const Version& sample, std::map<std::string, std::vector<Version>>& stored,
                     std::uint64_t& next, Response& response) {
    auto& result = *response.add_results();
    auto& versions = stored[sample.laboratory_id() + "\n" + sample.sample_id() + "\n" +
                            sample.target() + "\n" + sample.gene()];
    if (sample.voided() && versions.empty()) {
      result.set_outcome(Response::UNKNOWN_ROW);
      return;
    }
    if (!versions.empty()) *result.mutable_previous() = versions.back();
    if (!versions.empty() && versions.back().content_hash() == sample.content_hash()) {
      result.set_outcome(Response::DUPLICATE);
      result.set_version(versions.back().version());
      return;
    }
    if (!versions.empty() && sample.amendment_reason().empty()) {
      result.set_outcome(Response::REASON_MISSING);
      return;
    }
    result.set_outcome(versions.empty() ? Response::STORED : Response::AMENDED);
    versions.push_back(sample);
    versions.back().set_version(static_cast<std::uint32_t>(versions.size()));
    result.set_version(versions.back().version());
    result.set_feed_sequence(++next);
  }

  base::Mutex mutex_;
  std::map<std::string, std::vector<Version>> rows_ GUARDED_BY(mutex_);
  std::uint64_t feed_ GUARDED_BY(mutex_) = 0;
};

// A keyring that remembers persons by number; "seals" by a mark that holds no plain text.
class FakeCompliance final : public compliance::v1::ComplianceService::Service {
 public:
  grpc::Status SealFields(grpc::ServerContext*, const compliance::v1::SealFieldsRequest* request,
                          compliance::v1::SealFieldsResponse* response) override {
    if (request->look_up_only()) return LookUp(*request, *response);
    ++seal_calls;
    if (fail_seal) return {grpc::StatusCode::UNAVAILABLE, "keyring is locked"};
    const base::MutexLock lock(mutex_);
    for (const auto& field : request->fields()) {
      const auto [person, fresh] =
          persons_.emplace(field.tenant() + "\n" + field.value(), persons_.size() + 1);
      places_.push_back(field.place());
      auto& sealed = *response->add_fields();
      sealed.set_sealed("sealed#" + std::to_string(places_.size()));
      sealed.set_subject_ref("person#" + std::to_string(person->second));
    }
    return grpc::Status::OK;
  }
  grpc::Status LookUp(const compliance::v1::SealFieldsRequest& request,
                      compliance::v1::SealFieldsResponse& response) {
    const base::MutexLock lock(mutex_);
    for (const auto& field : request.fields()) {
      const auto person = persons_.find(field.tenant() + "\n" + field.value());
      auto& found = *response.add_fields();
      if (person != persons_.end()) {
        found.set_subject_ref("person#" + std::to_string(person->second));
      }
    }
    return grpc::Status::OK;
  }
  grpc::Status AppendAudit(grpc::ServerContext*, const compliance::v1::AppendAuditRequest* request,
                           compliance::v1::AppendAuditResponse*) override {
    if (fail_audit) return {grpc::StatusCode::UNAVAILABLE, "disk full"};
    const base::MutexLock lock(mutex_);
    events_.insert(events_.end(), request->events().begin(), request->events().end());
    return grpc::Status::OK;
  }
  std::atomic<int> seal_calls = 0;
  std::atomic<bool> fail_seal = false;
  std::atomic<bool> fail_audit = false;

  // The place of every sealed field, in order.
  std::vector<std::string> Places() {
    const base::MutexLock lock(mutex_);
    return places_;
  }
  std::vector<compliance::v1::AuditEvent> Events() {
    const base::MutexLock lock(mutex_);
    return events_;
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::size_t> persons_ GUARDED_BY(mutex_);
  std::vector<std::string> places_ GUARDED_BY(mutex_);
  std::vector<compliance::v1::AuditEvent> events_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::testing
