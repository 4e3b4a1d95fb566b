// Legal holds: what they keep from retention, and the list of them.
//
// A hold names records by type, laboratory, site, district and time; a record is kept when it
// matches every list that names something. The list lies beside the keyring, in one file like that
// of the identities (docs/formats/holds.md). Order of what is decided: a hold, then retention.
//
// Domain code: the caller passes `now`. Thread safety: a HoldMatcher as a value; HoldBook is safe.
#pragma once

#include <google/protobuf/message.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/hold.pb.h"
#include "belgrand/storage/v1/hold_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

using HoldScopes = std::vector<v1::HoldScope>;

// Which records of one type the holds keep.
class HoldMatcher {
 public:
  // The districts of a site, for records that name the site alone.
  using DistrictsOf = std::function<std::vector<std::string>(std::string_view site_id)>;

  // Keeps nothing.
  HoldMatcher() = default;
  HoldMatcher(const google::protobuf::Descriptor& record, const HoldScopes& holds,
              DistrictsOf districts = nullptr);

  bool empty() const { return holds_.empty(); }
  // `clock`: what the record's retention counts from, where it can be told. `site_id`: of a record
  // that does not say it itself.
  bool Keeps(const google::protobuf::Message& record, std::optional<base::Instant> clock,
             std::string_view site_id = {}) const;

 private:
  bool IsInDistrict(const v1::HoldScope& hold, const google::protobuf::Message& record,
                    const std::optional<std::string>& site) const;

  HoldScopes holds_;  // those that name this type, or every one
  DistrictsOf districts_;
};

class HoldBook {
 public:
  using Record = storage::v1::HoldRecord;
  static constexpr std::size_t kMaxHolds = 10'000;
  // Six months.
  static constexpr base::Duration kLongestReview = std::chrono::hours(184 * 24);

  // An absent file is an empty list. DataLoss: the file is not what was written.
  static base::StatusOr<std::unique_ptr<HoldBook>> Open(std::filesystem::path file);

  // On disk when they return OK. InvalidArgument: a text or list out of bounds, no scope, an
  // unknown record type, or a review that is not within six months from now.
  base::StatusOr<Record> Place(const v1::PlaceHoldRequest& request, base::Instant now);
  // NotFound. FailedPrecondition: it was released.
  base::StatusOr<Record> Review(std::string_view hold_id, base::Instant review_by,
                                base::Instant now);
  // NotFound. Releasing again changes nothing.
  base::StatusOr<Record> Release(std::string_view hold_id, base::Instant now);

  // In order of opening.
  std::vector<Record> List() const;
  HoldScopes InForce() const;
  // In force and past their review.
  std::size_t Overdue(base::Instant now) const;

  // Erasure and rectification: gives each reason the words that `rewording` returns for it, if any.
  // Returns how many.
  using Rewording = std::function<std::optional<std::string>(const Record&)>;
  base::StatusOr<std::uint64_t> ReplaceReasons(const Rewording& rewording);
  // What the file says, for a search of it.
  base::StatusOr<std::vector<Record>> ReadStored() const;
  const std::filesystem::path& file() const { return file_; }

  // Retention of released ones.
  base::StatusOr<std::vector<v1::ExpiryLine>> PlanExpiry(base::Instant now,
                                                         const HoldScopes& holds = {}) const;
  base::StatusOr<std::vector<v1::ExpiryLine>> ApplyExpiry(base::Instant now,
                                                          const HoldScopes& holds = {});

 private:
  using Records = std::map<std::string, Record, std::less<>>;

  explicit HoldBook(std::filesystem::path file) : file_(std::move(file)) {}
  base::Status Store(Records records) REQUIRES_LOCK(mutex_);
  base::StatusOr<Record> Find(std::string_view hold_id) const REQUIRES_LOCK(mutex_);

  const std::filesystem::path file_;
  mutable base::Mutex mutex_;
  Records records_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
