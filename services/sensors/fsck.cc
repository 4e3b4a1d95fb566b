#include "services/sensors/fsck.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "belgrand/storage/v1/sensor_record.pb.h"
#include "platform/storage/keys.h"
#include "sensor/chunk_codec.h"
#include "sensor/judge.h"
#include "services/sensors/layout.h"
#include "services/sensors/sensor_store.h"

namespace belgrand::sensors {
namespace {

using sensor::Point;
using sensor::Points;

class Checker {
 public:
  explicit Checker(const storage::Store& store) : store_(store) {}

  base::StatusOr<FsckReport> Run() {
    ASSIGN_OR_RETURN(const auto format, store_.Get(kMetaFamily, kFormatKey));
    if (format != MetaNumber(kFormatVersion)) Problem("meta", kFormatKey, "is not 1");
    storage::Cursor cursor = store_.Scan(kSensorsFamily, "", "");
    for (; cursor.Valid(); cursor.Next()) {
      Record record;
      if (!record.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size())) ||
          !sensor::QuantityOf(record.quantity()) || record.limits().empty()) {
        Problem("sensors", cursor.key(), "cannot be read, or has no quantity or limits");
        continue;
      }
      if (SensorKey(record.sensor_id()) != cursor.key()) {
        Problem("sensors", cursor.key(), "does not lie where its content says");
      }
      ++report_.sensors;
      RETURN_IF_ERROR(CheckSeries(record));
    }
    RETURN_IF_ERROR(cursor.status());
    for (const auto& [family, name] :
         {std::pair(kChunksFamily, "chunks"), std::pair(kOpenFamily, "open"),
          std::pair(kSeriesFamily, "series")}) {
      RETURN_IF_ERROR(CheckOwners(family, name));
    }
    return std::move(report_);
  }

 private:
  void Problem(std::string_view family, std::string_view key, std::string_view what) {
    if (++report_.problem_count > FsckReport::kMaxProblems) return;
    std::string shown;
    for (const char c : key) {
      const bool plain = c > ' ' && c < 0x7F && c != '\\';
      shown += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    report_.problems.push_back(fmt::format("{} '{}' {}", family, shown, what));
  }

  // Readings of the open rows, sorted.
  base::StatusOr<Points> ReadOpen(const std::string& prefix) {
    Points open;
    storage::Cursor cursor = store_.Scan(kOpenFamily, prefix, storage::PrefixEnd(prefix));
    for (; cursor.Valid(); cursor.Next()) {
      const auto points = sensor::Decode(cursor.value());
      if (!points.ok() || !ParseOpenKey(prefix, cursor.key())) {
        Problem("open", cursor.key(), "cannot be read");
        continue;
      }
      open.insert(open.end(), points->begin(), points->end());
    }
    RETURN_IF_ERROR(cursor.status());
    std::sort(open.begin(), open.end(),
              [](const Point& a, const Point& b) { return a.time_us < b.time_us; });
    return open;
  }

  // Judges a series again, reading by reading, and compares.
  struct Replay {
    Replay(const sensor::LimitsHistory& history, std::int64_t sure_after_us)
        : judge(history), sure_after(sure_after_us) {}
    sensor::Judge judge;
    std::int64_t sure_after;
    std::optional<Point> before;      // the reading before, with the mark as stored
    std::optional<sensor::Mark> due;  // and as it comes out
  };

  void Push(Replay& replay, const Point& point, std::string_view key) {
    const auto outcome = replay.judge.Push(point);
    if (outcome.previous) replay.due = outcome.previous;
    const auto& before = replay.before;
    if (before && before->time_us > replay.sure_after && before->mark != *replay.due) {
      Problem("chunks", key,
              fmt::format("the reading at {} us is marked {}/{}, not {}/{}", before->time_us,
                          static_cast<int>(before->mark.flag), before->mark.tests,
                          static_cast<int>(replay.due->flag), replay.due->tests));
    }
    replay.before = point;
    replay.due = outcome.mark;
  }

  // The instant of the last reading in a chunk.
  base::StatusOr<std::optional<std::int64_t>> CheckChunks(const std::string& prefix,
                                                          Replay& replay) {
    std::optional<std::int64_t> end;
    storage::Cursor cursor = ChunksFrom(store_, prefix, std::numeric_limits<std::int64_t>::min());
    for (; cursor.Valid(); cursor.Next()) {
      ++report_.chunks;
      const std::string key(cursor.key());
      const auto points = ParseChunk(cursor.value());
      if (!points.ok()) {
        Problem("chunks", key, base::Message(points.status()));
        continue;
      }
      if (ParseChunkKey(prefix, key) != points->back().time_us) {
        Problem("chunks", key, "does not lie where its content says");
      }
      if (points->size() > kChunkPoints) Problem("chunks", key, "is too large");
      if (end && points->front().time_us <= *end) {
        Problem("chunks", key, "begins before the end of the chunk before it");
        continue;
      }
      end = points->back().time_us;
      report_.readings += points->size();
      for (const Point& point : *points) Push(replay, point, key);
    }
    RETURN_IF_ERROR(cursor.status());
    return end;
  }

  base::Status CheckSeries(const Record& record) {
    const std::string prefix = SeriesPrefix(record.site_id(), record.sensor_id());
    prefixes_.insert(prefix);
    storage::v1::SensorSeriesRecord state;
    ASSIGN_OR_RETURN(const auto value, store_.Get(kSeriesFamily, prefix));
    if (value && !state.ParseFromString(*value)) Problem("series", prefix, "cannot be read");
    const sensor::LimitsHistory history = HistoryOf(record);
    // Marks near the beginning were given with readings that have expired since.
    Replay replay(history, state.has_expired_through_us()
                               ? state.expired_through_us() + Lookback(history)
                               : std::numeric_limits<std::int64_t>::min());
    ASSIGN_OR_RETURN(const auto end, CheckChunks(prefix, replay));
    const bool says = state.has_sealed_through_us();
    if (end.has_value() != says || (end && state.sealed_through_us() != *end)) {
      Problem("series", prefix, "does not say where the chunks end");
    }
    ASSIGN_OR_RETURN(const Points open, ReadOpen(prefix));
    if (end && open.empty()) Problem("open", prefix, "has no reading after the chunks");
    if (end && !open.empty()) {
      if (open.front().time_us <= *end) {
        Problem("open", prefix, "begins before the end of the chunks");
      } else {
        Push(replay, open.front(), prefix);
      }
    }
    for (std::size_t i = 1; i < open.size(); ++i) {
      if (open[i].time_us == open[i - 1].time_us) Problem("open", prefix, "holds an instant twice");
    }
    report_.readings += open.size();
    report_.open_readings += open.size();
    CheckEpochs(prefix, state);
    return base::OkStatus();
  }

  void CheckEpochs(const std::string& prefix, const storage::v1::SensorSeriesRecord& state) {
    std::set<std::uint64_t> numbers;
    for (const auto& epoch : state.epochs()) {
      bool good = numbers.insert(epoch.epoch()).second && epoch.spans_size() % 2 == 0;
      std::uint64_t end = epoch.through();
      for (int i = 0; good && i < epoch.spans_size(); i += 2) {
        good = epoch.spans(i) > end + 1 && epoch.spans(i + 1) >= epoch.spans(i);
        end = epoch.spans(i + 1);
      }
      if (!good) Problem("series", prefix, "has an epoch whose numbers do not fit together");
    }
    if (state.epochs_size() > static_cast<int>(Series::kMaxEpochs)) {
      Problem("series", prefix, "remembers too many epochs");
    }
  }

  // Every key belongs to a sensor of the catalogue.
  base::Status CheckOwners(storage::Family family, std::string_view name) {
    storage::Cursor cursor = store_.Scan(family, "", "");
    for (; cursor.Valid(); cursor.Next()) {
      std::string_view rest = cursor.key();
      const bool series = storage::TakeText(rest) && storage::TakeText(rest);
      const std::string prefix(cursor.key().substr(0, cursor.key().size() - rest.size()));
      if (!series || !prefixes_.contains(prefix)) {
        Problem(name, cursor.key(), "belongs to no sensor of the catalogue");
      }
    }
    return cursor.status();
  }

  const storage::Store& store_;
  FsckReport report_;
  std::set<std::string> prefixes_;
};

}  // namespace

base::StatusOr<FsckReport> Fsck(const storage::Store& store) { return Checker(store).Run(); }

base::StatusOr<FsckReport> Fsck(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory / "CURRENT", error)) {
    return base::NotFound("{} holds no sensors database", directory.string());
  }
  ASSIGN_OR_RETURN(const auto store, storage::Store::Open(LayoutOptions(directory)));
  return Fsck(*store);
}

}  // namespace belgrand::sensors
