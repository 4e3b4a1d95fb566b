// Public notices on the wire.
#include <algorithm>
#include <utility>

#include "alerting/convert.h"
#include "alerting/no_alert.h"
#include "alerting/notice.h"
#include "services/alerting/alerting_service.h"

namespace belgrand::alerting {
namespace {

using shared::Caller;
using shared::CallReport;
using storage::v1::NoticeRecord;

std::string MethodName(std::string_view method) {
  return fmt::format("belgrand.alerting.v1.AlertingService.{}", method);
}

// With its texts and steps.
v1::Notice Whole(const NoticeRecord& record) {
  v1::Notice notice = ToWire(record);
  if (record.has_draft()) notice.mutable_draft()->set_text(DraftText(record.draft()));
  for (const auto& step : record.steps()) *notice.add_steps() = ToWire(step);
  return notice;
}

}  // namespace

std::string ProvenIdentity(const Caller& caller) {
  if (caller.actor == "loopback" || caller.actor == "inproc" || caller.actor == "anonymous") {
    return "";
  }
  return caller.actor;
}

template <typename Request, typename Response, typename Act>
grpc::Status AlertingServiceImpl::ActOnNotice(grpc::ServerContext& context, std::string_view method,
                                              const Request& request, Response& response,
                                              const Act& act) {
  return Answer(context, method, response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  report.object_kind = "notice";
                  report.object_ref = std::to_string(request.notice_id());
                  report.record_count = 1;
                  ASSIGN_OR_RETURN(const NoticeRecord before, book_.GetNotice(request.notice_id()));
                  if (!caller.scope.HoldsDistrict(before.district_id())) {
                    return guard_.Deny(caller, MethodName(method), NoNotice(request.notice_id()));
                  }
                  if (!GateOf<NoticeRecord>(caller).Shows(before))
                    return NoNotice(request.notice_id());
                  ASSIGN_OR_RETURN(const NoticeRecord notice, act(caller, before));
                  *response.mutable_notice() = Whole(notice);
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::ListNotices(grpc::ServerContext* context,
                                              const v1::ListNoticesRequest* request,
                                              v1::ListNoticesResponse* response) {
  return Answer(*context, "ListNotices", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  report.object_kind = "notice";
                  ASSIGN_OR_RETURN(const auto notices, book_.Notices());
                  const auto gate = GateOf<NoticeRecord>(caller);
                  for (const NoticeRecord& notice : notices) {
                    if (!gate.Shows(notice)) continue;
                    if (!IsLive(notice) && !request->include_ended()) continue;
                    if (!caller.scope.HoldsDistrict(notice.district_id())) continue;
                    *response->add_notices() = ToWire(notice);
                  }
                  report.record_count = static_cast<std::uint64_t>(response->notices_size());
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::GetNotice(grpc::ServerContext* context,
                                            const v1::GetNoticeRequest* request,
                                            v1::GetNoticeResponse* response) {
  using Found = base::StatusOr<NoticeRecord>;
  return ActOnNotice(*context, "GetNotice", *request, *response,
                     [](const Caller&, const NoticeRecord& notice) { return Found(notice); });
}

grpc::Status AlertingServiceImpl::ApproveNotice(grpc::ServerContext* context,
                                                const v1::ApproveNoticeRequest* request,
                                                v1::ApproveNoticeResponse* response) {
  return ActOnNotice(*context, "ApproveNotice", *request, *response,
                     [&](const Caller& caller, const NoticeRecord&) {
                       const std::string identity = ProvenIdentity(caller);
                       return book_.ApproveNotice(request->notice_id(), request->digest(),
                                                  {request->by(), identity}, request->comment());
                     });
}

grpc::Status AlertingServiceImpl::RefuseNotice(grpc::ServerContext* context,
                                               const v1::RefuseNoticeRequest* request,
                                               v1::RefuseNoticeResponse* response) {
  return ActOnNotice(*context, "RefuseNotice", *request, *response,
                     [&](const Caller&, const NoticeRecord&) {
                       return book_.RefuseNotice(request->notice_id(), request->digest(),
                                                 request->by(), request->reason());
                     });
}

grpc::Status AlertingServiceImpl::WithdrawNotice(grpc::ServerContext* context,
                                                 const v1::WithdrawNoticeRequest* request,
                                                 v1::WithdrawNoticeResponse* response) {
  return ActOnNotice(
      *context, "WithdrawNotice", *request, *response, [&](const Caller&, const NoticeRecord&) {
        return book_.WithdrawNotice(request->notice_id(), request->by(), request->reason());
      });
}

}  // namespace belgrand::alerting
