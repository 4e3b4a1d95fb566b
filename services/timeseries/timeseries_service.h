// TimeseriesService on the wire: authorisation, audit and conversion around SampleStore.
//
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include <atomic>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "services/shared/guard.h"
#include "services/shared/restrictions.h"
#include "services/shared/sample_appender.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/follower_set.h"
#include "services/timeseries/sample_store.h"
#include "services/timeseries/timeseries_metrics.h"

namespace belgrand::timeseries {

class TimeseriesServiceImpl final : public v1::TimeseriesService::Service,
                                    public shared::SampleAppender {
 public:
  // Rows in one message of a stream.
  static constexpr std::size_t kMaxRowsPerMessage = 500;

  // Whom `restrictions` name stands in no answer.
  TimeseriesServiceImpl(SampleStore& store, shared::Guard& guard, TimeseriesMetrics& metrics,
                        FollowerSet& followers, const shared::Restrictions& restrictions,
                        const base::Clock& clock)
      : store_(store),
        guard_(guard),
        metrics_(metrics),
        followers_(followers),
        restrictions_(restrictions),
        clock_(clock) {}

  // Ends every stream; later ones end at once.
  void StopStreams() {
    stopping_ = true;
    store_.WakeFeedWaiters();
  }

  base::Status Append(v1::AppendSamplesRequest request,
                      v1::AppendSamplesResponse& response) override;
  base::Status AppendRows(std::span<Record* const> rows, Mode mode,
                          v1::AppendSamplesResponse& response) override;
  grpc::Status AppendSamples(grpc::ServerContext* context, const v1::AppendSamplesRequest* request,
                             v1::AppendSamplesResponse* response) override;
  grpc::Status ReadSeries(grpc::ServerContext* context, const v1::ReadSeriesRequest* request,
                          grpc::ServerWriter<v1::ReadSeriesResponse>* writer) override;
  grpc::Status ReadLatestValues(grpc::ServerContext* context,
                                const v1::ReadLatestValuesRequest* request,
                                v1::ReadLatestValuesResponse* response) override;
  grpc::Status GetSampleHistory(grpc::ServerContext* context,
                                const v1::GetSampleHistoryRequest* request,
                                v1::GetSampleHistoryResponse* response) override;
  grpc::Status FollowFeed(grpc::ServerContext* context, const v1::FollowFeedRequest* request,
                          grpc::ServerWriter<v1::FollowFeedResponse>* writer) override;

 private:
  enum class Comment { kLeaveOut, kInclude };
  // As readers are shown it: without persons who are restricted.
  v1::SampleVersion Shown(const Record& record, SealedFields sealed,
                          Comment comment = Comment::kLeaveOut) const;
  base::Status Store(std::span<Record* const> rows, AppendMode mode, Hashes hashes,
                     v1::AppendSamplesResponse& response);
  base::Status AddLatestValues(const v1::ReadLatestValuesRequest::Place& place,
                               v1::ReadLatestValuesResponse& response);
  std::vector<std::string> DistrictsOfSite(const std::string& site_id) const;
  bool HoldsSite(const shared::Caller& caller, const std::string& site_id) const;
  bool HoldsPlaceOf(const shared::Caller& caller, const std::vector<Record>& history) const;
  base::Status SendSeries(const grpc::ServerContext& context, const shared::Caller& caller,
                          const SeriesQuery& query,
                          grpc::ServerWriter<v1::ReadSeriesResponse>& writer);
  base::Status SendFeed(const grpc::ServerContext& context, const shared::Caller& caller,
                        const v1::FollowFeedRequest& request,
                        grpc::ServerWriter<v1::FollowFeedResponse>& writer);

  SampleStore& store_;
  shared::Guard& guard_;
  TimeseriesMetrics& metrics_;
  FollowerSet& followers_;
  const shared::Restrictions& restrictions_;
  const base::Clock& clock_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace belgrand::timeseries
