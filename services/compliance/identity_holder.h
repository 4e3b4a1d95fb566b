// The lists that compliance keeps beside the keyring, as the eraser sees them: the names of the
// owners of tokens and of listed certificates, and the reasons of legal holds that mention a name.
//
// An official's or operator's name is looked for in every identity, that of laboratory staff in
// those of the laboratory. Who is erased loses their tokens; who is rectified keeps them, under the
// correct name. Up to which erasure the list has come
// stands in identities.erased beside it; the list is in no backup, so that only a copy of the
// keyring's directory, put back by hand, makes an erasure be repeated here. A reason is cleared
// only while the name is known: a repetition does not find it.
//
// Thread safety: as the lists: safe. Borrows them.
#pragma once

#include <filesystem>
#include <optional>

#include "compliance/holds.h"
#include "compliance/identity_book.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/compliance/person_stewards.h"
#include "services/shared/person_matcher.h"

namespace belgrand::compliance {

// Owners whom the list withholds from who reads it. Told again at every start, so not on disk.
// Thread safety: safe.
class WithheldOwners {
 public:
  // Errors as PersonMatcher::Make.
  base::Status Replace(const v1::SetRestrictionsRequest& request);
  bool Withholds(const IdentityBook::Record& record) const;

 private:
  mutable base::Mutex mutex_;
  std::optional<shared::PersonMatcher> persons_ GUARDED_BY(mutex_);
};

class IdentityHolder final : public PersonHolder {
 public:
  IdentityHolder(IdentityBook& book, HoldBook& holds, const base::Clock& clock,
                 WithheldOwners& withheld);

  std::string_view name() const override { return "identities"; }
  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) override;
  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest& request) override;
  base::Status Collect(const v1::CollectPersonsRequest& request, const Take& take) override;
  base::Status Restrict(const v1::SetRestrictionsRequest& request) override {
    return withheld_.Replace(request);
  }

 private:
  IdentityBook& book_;
  HoldBook& holds_;
  const base::Clock& clock_;
  WithheldOwners& withheld_;
  const std::filesystem::path mark_;
};

}  // namespace belgrand::compliance
