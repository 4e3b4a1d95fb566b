#include "services/timeseries/timeseries_role.h"

#include "services/shared/field_sealer.h"
#include "services/shared/person_steward.h"
#include "services/shared/restrictions.h"
#include "services/shared/steward.h"
#include "services/timeseries/site_service.h"
#include "services/timeseries/timeseries_service.h"

namespace belgrand::timeseries {
namespace {

shared::PersonStewardship PersonsOf(SampleStore& store, shared::Restrictions& restrictions,
                                    const shared::Peers& peers) {
  shared::PersonStewardship persons;
  persons.store = "timeseries";
  persons.find = [&store](const shared::PersonMatcher& whom) { return store.FindPersons(whom); };
  persons.erase = [&store, &peers](const shared::PersonMatcher& whom) {
    return store.ErasePersons(whom, [&peers](const compliance::v1::SealFieldsRequest& request) {
      return shared::SealFields(peers, request);
    });
  };
  persons.search = [&store](const std::vector<std::string>& sought) {
    return store.SearchFiles(sought);
  };
  persons.mark = [&store] { return store.erased(); };
  persons.set_mark = [&store](const shared::ErasureMark& mark) { return store.SetErased(mark); };
  persons.collect = [&store](const shared::PersonMatcher& whom,
                             const shared::PersonStewardship::Give& give) {
    return store.CollectPerson(whom, give);
  };
  persons.restrict_to = [&store, &restrictions](const storage::v1::RestrictionsRecord& record) {
    return store.Restrict(record, restrictions);
  };
  return persons;
}

class TimeseriesRole final : public shared::Role {
 public:
  TimeseriesRole(std::unique_ptr<SampleStore> store,
                 std::unique_ptr<shared::Restrictions> restrictions, const shared::Runtime& runtime)
      : restrictions_(std::move(restrictions)),
        store_(std::move(store)),
        metrics_(runtime.metrics, *store_, followers_),
        samples_(*store_, runtime.guard, metrics_, followers_, *restrictions_, runtime.clock),
        sites_(store_->sites(), runtime.guard, runtime.clock),
        steward_(shared::StewardshipOf("sample", *store_), runtime.guard, runtime.clock),
        persons_(PersonsOf(*store_, *restrictions_, runtime.peers), runtime.guard) {}

  std::string_view name() const override { return "timeseries"; }
  std::vector<grpc::Service*> services() override {
    return {&samples_, &sites_, &steward_, &persons_};
  }
  shared::SampleAppender* sample_appender() override { return &samples_; }
  base::Status Start() override { return base::OkStatus(); }
  void Stop() override { samples_.StopStreams(); }
  base::Status Ready() override { return store_->WriteStatus(); }
  base::Status StoreStatus() override { return store_->WriteStatus(); }
  base::Status BackUp(backup::Sink& sink) override { return store_->BackUp(sink); }

 private:
  const std::unique_ptr<shared::Restrictions> restrictions_;
  const std::unique_ptr<SampleStore> store_;
  FollowerSet followers_;
  TimeseriesMetrics metrics_;
  TimeseriesServiceImpl samples_;
  SiteServiceImpl sites_;
  shared::StewardService<compliance::v1::TimeseriesStewardService> steward_;
  shared::PersonsService<compliance::v1::TimeseriesPersonsService> persons_;
};

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateTimeseriesRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime) {
  storage::StoreOptions options = LayoutOptions(runtime.data_dir / "timeseries");
  const config::v1::Timeseries& wanted = config.timeseries();
  if (wanted.block_cache_bytes() > 0) options.block_cache_bytes = wanted.block_cache_bytes();
  if (wanted.write_buffer_bytes() > 0) options.write_buffer_bytes = wanted.write_buffer_bytes();
  SampleStoreLimits limits;
  if (wanted.identity_filter_bytes() > 0) limits.filter_bytes = wanted.identity_filter_bytes();
  auto store = SampleStore::Open(options, runtime.clock, limits);
  if (!store.ok()) return base::Annotate(store.status(), "time series");
  auto restrictions = std::make_unique<shared::Restrictions>();
  RETURN_IF_ERROR(base::Annotate((*store)->LoadRestrictions(*restrictions), "time series"));
  return std::unique_ptr<shared::Role>(
      new TimeseriesRole(std::move(*store), std::move(restrictions), runtime));
}

}  // namespace belgrand::timeseries
