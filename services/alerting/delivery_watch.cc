#include "services/alerting/delivery_watch.h"

#include <chrono>
#include <utility>

#include "alerting/receivers/http_post.h"
#include "platform/base/log.h"

namespace belgrand::alerting {
namespace {

constexpr base::Duration kTick = std::chrono::seconds(1);
constexpr base::Duration kBeat = std::chrono::seconds(60);
constexpr base::Duration kOverdue = std::chrono::minutes(15);

base::Duration Or(bool present, const google::protobuf::Duration& duration, base::Duration other) {
  if (!present) return other;
  return std::chrono::seconds(duration.seconds()) +
         std::chrono::microseconds(duration.nanos() / 1'000);
}

base::Duration IntervalOf(const config::v1::Heartbeat& config) {
  return Or(config.has_interval(), config.interval(), kBeat);
}
base::Duration OverdueOf(const config::v1::Heartbeat& config) {
  return Or(config.has_overdue_after(), config.overdue_after(), kOverdue);
}

ExerciseOptions OptionsOf(const config::v1::Exercise& config, std::set<std::string> streams) {
  ExerciseOptions options;
  options.interval = Or(config.has_interval(), config.interval(), options.interval);
  options.deadline = Or(config.has_deadline(), config.deadline(), options.deadline);
  if (!config.district_id().empty()) options.district_id = config.district_id();
  options.streams = std::move(streams);
  return options;
}

void CheckRange(std::string_view field, base::Duration value, base::Duration least,
                base::Duration most, std::vector<std::string>& problems) {
  if (value >= least && value <= most) return;
  const auto seconds = [](base::Duration d) { return std::chrono::duration<double>(d).count(); };
  problems.push_back(fmt::format("{}: {} s is outside {} s to {} s", field, seconds(value),
                                 seconds(least), seconds(most)));
}

}  // namespace

std::vector<std::string> CheckHeartbeat(const config::v1::Heartbeat& config) {
  std::vector<std::string> problems = CheckPostUrl("heartbeat.url", config.url());
  for (std::string& problem : CheckCaFile("heartbeat.ca_file", config.ca_file())) {
    problems.push_back(std::move(problem));
  }
  CheckRange("heartbeat.interval", IntervalOf(config), std::chrono::seconds(1),
             std::chrono::days(1), problems);
  CheckRange("heartbeat.overdue_after", OverdueOf(config), std::chrono::seconds(1),
             std::chrono::days(31), problems);
  return problems;
}

std::vector<std::string> CheckExercise(const config::v1::Exercise& config) {
  std::vector<std::string> problems;
  const ExerciseOptions options = OptionsOf(config, {});
  CheckRange("exercise.interval", options.interval, std::chrono::minutes(1), std::chrono::days(31),
             problems);
  CheckRange("exercise.deadline", options.deadline, std::chrono::seconds(1), options.interval,
             problems);
  return problems;
}

DeliveryWatch::DeliveryWatch(const config::v1::Alerting& config, std::set<std::string> streams,
                             AlertBook& book, const base::Clock& clock, metrics::Registry& metrics,
                             std::function<base::Status()> store_status)
    : heartbeat_(config.heartbeat()),
      beats_(config.has_heartbeat()),
      streams_(std::move(streams)),
      book_(book),
      clock_(clock),
      store_status_(std::move(store_status)),
      created_(clock.Now()) {
  if (config.has_exercise()) {
    drill_ = std::make_unique<ExerciseDrill>(book, clock, OptionsOf(config.exercise(), streams_));
  }
  AddMetrics(metrics);
}

DeliveryWatch::~DeliveryWatch() { Stop(); }

void DeliveryWatch::AddMetrics(metrics::Registry& metrics) {
  const auto add = [&](const char* name, const char* help, std::function<double()> read) {
    gauges_.push_back(metrics.AddGaugeFunction(name, help, std::move(read)));
  };
  if (drill_ != nullptr) {
    add("belgrand_alerting_exercise_last_success_timestamp_seconds",
        "When the newest exercise that passed had reached every receiver; 0: none has.",
        [this] { return static_cast<double>(passed_at_us_.load()) / 1e6; });
    add("belgrand_alerting_exercise_age_seconds",
        "Time since an exercise passed, or since the start where none has.", [this] {
          const std::int64_t passed = passed_at_us_.load();
          const base::Instant since = passed == 0 ? created_ : base::FromMicros(passed);
          return std::chrono::duration<double>(clock_.Now() - since).count();
        });
    add("belgrand_alerting_exercise_failed", "1: the newest exercise failed.",
        [this] { return exercise_failed_.load() ? 1.0 : 0.0; });
  }
  if (beats_) {
    add("belgrand_alerting_heartbeat_last_success_timestamp_seconds",
        "When the watcher outside last took a heartbeat; 0: it has not.",
        [this] { return static_cast<double>(beat_at_us_.load()) / 1e6; });
  }
}

void DeliveryWatch::Start() {
  if (drill_ == nullptr && !beats_) return;
  thread_ = std::thread([this] {
    while (true) {
      Tick();
      base::MutexLock lock(mutex_);
      if (!stopping_) stopped_.WaitFor(mutex_, kTick);
      if (stopping_) return;
    }
  });
}

void DeliveryWatch::Stop() {
  cancelled_ = true;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void DeliveryWatch::Tick() {
  if (drill_ != nullptr) StepExercise();
  if (beats_ && clock_.Now() >= next_beat_) Beat();
}

void DeliveryWatch::StepExercise() {
  const auto state = drill_->Step();
  if (!state.ok()) {
    base::Log(base::LogLevel::kError, "exercise_step_failed", {{"error", state.status()}});
    return;
  }
  // A failure stands until an exercise has passed, not until the next one begins.
  const bool failed = state->stage == ExerciseState::Stage::kFailed ||
                      (state->stage == ExerciseState::Stage::kRunning && exercise_failed_.load());
  if (failed && !exercise_failed_.load()) {
    base::Log(base::LogLevel::kError, "exercise_failed", {{"reason", state->reason}});
  } else if (!failed && exercise_failed_.load()) {
    base::Log(base::LogLevel::kInfo, "exercise_passed_again", {});
  }
  exercise_failed_ = failed;
  if (state->passed_at) passed_at_us_ = base::ToMicros(*state->passed_at);
}

std::string DeliveryWatch::Trouble() const {
  if (const base::Status store = store_status_(); !store.ok()) return base::Message(store);
  if (exercise_failed_.load()) return "the newest exercise failed";
  const auto overdue = FindOverdue(book_, clock_.Now(), OverdueOf(heartbeat_), streams_);
  if (!overdue.ok()) return base::Message(overdue.status());
  return overdue->value_or("");
}

void DeliveryWatch::Beat() {
  next_beat_ = clock_.Now() + IntervalOf(heartbeat_);
  std::string trouble = Trouble();
  if (trouble.empty()) {
    const auto parsed = ParseUrl(heartbeat_.url());
    const Outcome outcome = Post({.url = heartbeat_.url(),
                                  .parsed = parsed.value_or(Url()),
                                  .ca_file = heartbeat_.ca_file(),
                                  .headers = {"Content-Type: text/plain"},
                                  .body = ""},
                                 cancelled_);
    if (outcome.verdict == Outcome::Verdict::kCancelled) return;
    if (outcome.verdict == Outcome::Verdict::kAccepted) {
      beat_at_us_ = base::ToMicros(clock_.Now());
    } else {
      trouble = "the watcher did not take it: " + outcome.result;
    }
  }
  // Said when it changes, not at every beat.
  if (trouble != trouble_) {
    if (trouble.empty()) {
      base::Log(base::LogLevel::kInfo, "heartbeat_goes_on", {});
    } else {
      base::Log(base::LogLevel::kError, "heartbeat_withheld", {{"reason", trouble}});
    }
    trouble_ = std::move(trouble);
  }
}

}  // namespace belgrand::alerting
