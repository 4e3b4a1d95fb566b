#include "services/alerting/alerting_role.h"

#include <fmt/ranges.h>

#include <set>
#include <string>
#include <utility>

#include "alerting/outbox/dispatcher.h"
#include "alerting/outbox/timekeeper.h"
#include "alerting/receivers/registry.h"
#include "platform/base/log.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/secret.h"
#include "platform/http/server.h"
#include "services/alerting/alerting_metrics.h"
#include "services/alerting/alerting_options.h"
#include "services/alerting/alerting_service.h"
#include "services/alerting/delivery_watch.h"
#include "services/alerting/discreet_receiver.h"
#include "services/alerting/erasure.h"
#include "services/alerting/expiry.h"
#include "services/alerting/link_pages.h"
#include "services/alerting/notice_feed.h"
#include "services/backup/store_part.h"
#include "services/shared/person_steward.h"
#include "services/shared/steward.h"

namespace belgrand::alerting {
namespace {

std::set<std::string> StreamNames(const std::vector<config::v1::Receiver>& receivers) {
  std::set<std::string> names;
  for (const auto& receiver : receivers) {
    if (receiver.has_stream()) names.insert(receiver.name());
  }
  return names;
}

class AlertingRole final : public shared::Role {
 public:
  AlertingRole(std::unique_ptr<storage::Store> store, std::unique_ptr<AlertBook> book,
               std::unique_ptr<shared::Restrictions> restrictions,
               std::unique_ptr<LinkSigner> signer, const config::v1::Alerting& config,
               const shared::Runtime& runtime)
      : links_(config.links()),
        restrictions_(std::move(restrictions)),
        store_(std::move(store)),
        book_(std::move(book)),
        signer_(std::move(signer)),
        metrics_(runtime.metrics, *book_, runtime.clock),
        alerts_(*book_, runtime.clock, runtime.guard, metrics_, StreamNames(ReceiversOf(config)),
                *restrictions_),
        steward_(StewardshipOf(*book_), runtime.guard, runtime.clock),
        persons_(PersonsOf(*book_, *store_, *restrictions_), runtime.guard),
        dispatcher_(*book_, runtime.clock, RetryPolicyOf(config), &metrics_),
        timekeeper_(*book_),
        watch_(config, StreamNames(ReceiversOf(config)), *book_, runtime.clock, runtime.metrics,
               [this] { return store_->WriteStatus(); }) {
    if (signer_ != nullptr) {
      desk_ = std::make_unique<LinkDesk>(*book_, *store_, runtime.clock, *signer_,
                                         LinkPersonsOf(ReceiversOf(config), *signer_));
      pages_ = std::make_unique<LinkPages>(*desk_, *restrictions_, runtime.guard, runtime.metrics);
    }
    if (config.notices().has_feed()) {
      feed_ = std::make_unique<NoticeFeed>(*book_, config.notices(), runtime.metrics);
    }
    for (const auto& receiver : ReceiversOf(config)) {
      if (receiver.has_stream()) {
        dispatcher_.AddStream(receiver.name(), GiveUpAfter(receiver.stream()));
      } else if (auto made = MakeReceiver(receiver, {runtime.clock, signer_.get()})) {
        dispatcher_.Add(receiver.name(),
                        std::make_unique<DiscreetReceiver>(std::move(made), *restrictions_));
      }
    }
  }

  std::string_view name() const override { return "alerting"; }
  std::vector<grpc::Service*> services() override { return {&alerts_, &steward_, &persons_}; }

  base::Status Start() override {
    ASSIGN_OR_RETURN(const std::uint64_t retired, book_->RetireReceivers());
    if (retired > 0) {
      base::Log(base::LogLevel::kWarning, "deliveries_without_receiver", {{"dead", retired}});
    }
    if (pages_ != nullptr) {
      ASSIGN_OR_RETURN(link_server_, http::Server::Start(pages_->Serve(links_)));
      base::Log(base::LogLevel::kInfo, "links_served", {{"link_port", link_server_->port()}});
    }
    if (feed_ != nullptr) {
      ASSIGN_OR_RETURN(feed_server_, http::Server::Start(feed_->Serve()));
      base::Log(base::LogLevel::kInfo, "notices_served", {{"feed_port", feed_server_->port()}});
    }
    dispatcher_.Start();
    timekeeper_.Start();
    watch_.Start();
    return base::OkStatus();
  }

  void Stop() override {
    watch_.Stop();
    link_server_.reset();
    feed_server_.reset();
    alerts_.StopStreams();
    timekeeper_.Stop();
    dispatcher_.Stop();
  }

  base::Status Ready() override {
    RETURN_IF_ERROR(store_->WriteStatus());
    return book_->Position("").status();
  }
  base::Status StoreStatus() override { return store_->WriteStatus(); }
  base::Status BackUp(backup::Sink& sink) override { return backup::AddStore(*store_, sink); }

 private:
  const config::v1::Links links_;
  const std::unique_ptr<shared::Restrictions> restrictions_;
  const std::unique_ptr<storage::Store> store_;
  const std::unique_ptr<AlertBook> book_;
  // All null where links are not configured.
  const std::unique_ptr<LinkSigner> signer_;
  std::unique_ptr<LinkDesk> desk_;
  std::unique_ptr<LinkPages> pages_;
  // Null where no feed is configured.
  std::unique_ptr<NoticeFeed> feed_;
  AlertingMetrics metrics_;
  AlertingServiceImpl alerts_;
  shared::StewardService<compliance::v1::AlertingStewardService> steward_;
  shared::PersonsService<compliance::v1::AlertingPersonsService> persons_;
  Dispatcher dispatcher_;
  Timekeeper timekeeper_;
  DeliveryWatch watch_;
  std::unique_ptr<http::Server> link_server_;
  std::unique_ptr<http::Server> feed_server_;
};

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateAlertingRole(const config::v1::Config& config,
                                                                 const shared::Runtime& runtime) {
  const config::v1::Alerting& alerting = config.alerting();
  if (const auto problems = CheckAlertingConfig(alerting); !problems.empty()) {
    return base::InvalidArgument("{}", fmt::join(problems, "\n"));
  }
  auto store = OpenAlertStore(runtime.data_dir / "alerting");
  if (!store.ok()) return base::Annotate(store.status(), "alerting");
  auto book = AlertBook::Open(**store, runtime.clock,
                              {.routes = RoutesOf(ReceiversOf(alerting)),
                               .new_instance_id = crypto::ToHex(crypto::RandomBytes(8)),
                               .rules = alerting});
  if (!book.ok()) return base::Annotate(book.status(), "alerting");
  std::unique_ptr<LinkSigner> signer;
  if (alerting.has_links()) {
    ASSIGN_OR_RETURN(signer, MakeLinkSigner(alerting.links(), (*book)->instance_id()));
  }
  auto restrictions = std::make_unique<shared::Restrictions>();
  RETURN_IF_ERROR(base::Annotate(LoadRestrictions(**store, *restrictions), "alerting"));
  return std::unique_ptr<shared::Role>(new AlertingRole(*std::move(store), *std::move(book),
                                                        std::move(restrictions), std::move(signer),
                                                        alerting, runtime));
}

}  // namespace belgrand::alerting
