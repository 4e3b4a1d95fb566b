// AlertingService on the wire: proto/belgrand/alerting/v1/alerting.proto.
//
// Who acted and what they wrote goes into the book and to receivers, never into a log line.
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include <atomic>
#include <set>
#include <string>

#include "alerting/book.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "compliance/read_gate.h"
#include "services/alerting/alerting_metrics.h"
#include "services/shared/guard.h"
#include "services/shared/restrictions.h"

namespace belgrand::alerting {

// Limits, said in the error that refuses what is over them.
inline constexpr int kMaxSignals = 10'000;
// A follower holds a server thread.
inline constexpr int kMaxFollowers = 64;

// Who calls, by certificate or token; empty where the connection does not prove it.
std::string ProvenIdentity(const shared::Caller& caller);

class AlertingServiceImpl final : public v1::AlertingService::Service {
 public:
  // `subscribers`: names of the stream receivers. Whom `restrictions` name stands in no answer.
  AlertingServiceImpl(AlertBook& book, const base::Clock& clock, shared::Guard& guard,
                      AlertingMetrics& metrics, std::set<std::string> subscribers,
                      const shared::Restrictions& restrictions);

  // Ends every FollowAlerts; idempotent.
  void StopStreams();

  grpc::Status ReportSignals(grpc::ServerContext* context, const v1::ReportSignalsRequest* request,
                             v1::ReportSignalsResponse* response) override;
  grpc::Status ListAlerts(grpc::ServerContext* context, const v1::ListAlertsRequest* request,
                          v1::ListAlertsResponse* response) override;
  grpc::Status GetAlert(grpc::ServerContext* context, const v1::GetAlertRequest* request,
                        v1::GetAlertResponse* response) override;
  grpc::Status AcknowledgeAlert(grpc::ServerContext* context,
                                const v1::AcknowledgeAlertRequest* request,
                                v1::AcknowledgeAlertResponse* response) override;
  grpc::Status ResolveAlert(grpc::ServerContext* context, const v1::ResolveAlertRequest* request,
                            v1::ResolveAlertResponse* response) override;
  grpc::Status EscalateAlert(grpc::ServerContext* context, const v1::EscalateAlertRequest* request,
                             v1::EscalateAlertResponse* response) override;
  grpc::Status DismissAlert(grpc::ServerContext* context, const v1::DismissAlertRequest* request,
                            v1::DismissAlertResponse* response) override;
  grpc::Status ReopenAlert(grpc::ServerContext* context, const v1::ReopenAlertRequest* request,
                           v1::ReopenAlertResponse* response) override;
  grpc::Status RecordOutcome(grpc::ServerContext* context, const v1::RecordOutcomeRequest* request,
                             v1::RecordOutcomeResponse* response) override;
  grpc::Status ListTrackRecords(grpc::ServerContext* context,
                                const v1::ListTrackRecordsRequest* request,
                                v1::ListTrackRecordsResponse* response) override;
  grpc::Status PreviewSilence(grpc::ServerContext* context,
                              const v1::PreviewSilenceRequest* request,
                              v1::PreviewSilenceResponse* response) override;
  grpc::Status CreateSilence(grpc::ServerContext* context, const v1::CreateSilenceRequest* request,
                             v1::CreateSilenceResponse* response) override;
  grpc::Status EndSilence(grpc::ServerContext* context, const v1::EndSilenceRequest* request,
                          v1::EndSilenceResponse* response) override;
  grpc::Status ConsentToSilence(grpc::ServerContext* context,
                                const v1::ConsentToSilenceRequest* request,
                                v1::ConsentToSilenceResponse* response) override;
  grpc::Status ListNotices(grpc::ServerContext* context, const v1::ListNoticesRequest* request,
                           v1::ListNoticesResponse* response) override;
  grpc::Status GetNotice(grpc::ServerContext* context, const v1::GetNoticeRequest* request,
                         v1::GetNoticeResponse* response) override;
  grpc::Status ApproveNotice(grpc::ServerContext* context, const v1::ApproveNoticeRequest* request,
                             v1::ApproveNoticeResponse* response) override;
  grpc::Status RefuseNotice(grpc::ServerContext* context, const v1::RefuseNoticeRequest* request,
                            v1::RefuseNoticeResponse* response) override;
  grpc::Status WithdrawNotice(grpc::ServerContext* context,
                              const v1::WithdrawNoticeRequest* request,
                              v1::WithdrawNoticeResponse* response) override;
  grpc::Status ListSilences(grpc::ServerContext* context, const v1::ListSilencesRequest* request,
                            v1::ListSilencesResponse* response) override;
  grpc::Status ExplainRoute(grpc::ServerContext* context, const v1::ExplainRouteRequest* request,
                            v1::ExplainRouteResponse* response) override;
  grpc::Status FollowAlerts(grpc::ServerContext* context, const v1::FollowAlertsRequest* request,
                            grpc::ServerWriter<v1::AlertEvent>* writer) override;
  grpc::Status ConfirmEvents(grpc::ServerContext* context, const v1::ConfirmEventsRequest* request,
                             v1::ConfirmEventsResponse* response) override;
  grpc::Status ListDeadLetters(grpc::ServerContext* context,
                               const v1::ListDeadLettersRequest* request,
                               v1::ListDeadLettersResponse* response) override;

 private:
  // Through the guard; whoever is restricted is taken out of the response before it leaves.
  grpc::Status Answer(grpc::ServerContext& context, std::string_view method,
                      google::protobuf::Message& response, const shared::Guard::Body& body);
  // Does what a person asks to one alert, and answers with the alert.
  template <typename Request, typename Response, typename Act>
  grpc::Status ActOn(grpc::ServerContext& context, std::string_view method, const Request& request,
                     Response& response, const Act& act);
  // The same to one notice, given the caller and the notice as it is.
  template <typename Request, typename Response, typename Act>
  grpc::Status ActOnNotice(grpc::ServerContext& context, std::string_view method,
                           const Request& request, Response& response, const Act& act);
  base::Status CheckSubscriber(const std::string& subscriber) const;
  // What is said of an alert comes from all of its district.
  bool HoldsAlert(const compliance::AccessScope& scope, const std::string& alert_id) const;
  base::Status CheckSilenceScope(const shared::Caller& caller, std::string_view method,
                                 std::uint64_t silence_id);
  base::Status CheckScope(const shared::Caller& caller, std::string_view method,
                          const std::string& alert_id);
  base::Status Pump(grpc::ServerContext& context, const shared::Caller& caller,
                    const v1::FollowAlertsRequest& request,
                    grpc::ServerWriter<v1::AlertEvent>& writer);

  // The alert as it is, with what mutes it now.
  v1::Alert Show(const compliance::AccessScope& scope, const storage::v1::AlertRecord& alert) const;

  // Which records of a type are in use, and which in the archive.
  template <typename Record = storage::v1::AlertRecord>
  compliance::ReadGate GateOf(const shared::Caller& caller) const {
    return {*Record::descriptor(), clock_.Now(), caller.purpose};
  }

  AlertBook& book_;
  const base::Clock& clock_;
  shared::Guard& guard_;
  AlertingMetrics& metrics_;
  const std::set<std::string> subscribers_;
  const shared::Restrictions& restrictions_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> followers_ = 0;
};

}  // namespace belgrand::alerting
