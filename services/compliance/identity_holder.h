// The lists that compliance keeps beside the keyring, as the eraser sees them: the names of the
// owners of tokens and of listed certificates, and the reasons of legal holds that mention a name.
//
// An official's or operator's name is looked for in every identity, that of laboratory staff in
// those of the laboratory. Who is erased loses their tokens. Up to which erasure the list has come
// stands in identities.erased beside it; the list is in no backup, so that only a copy of the
// keyring's directory, put back by hand, makes an erasure be repeated here. A reason is cleared
// only while the name is known: a repetition does not find it.
//
// Thread safety: as the lists: safe. Borrows them.
#pragma once

#include <filesystem>

#include "compliance/holds.h"
#include "compliance/identity_book.h"
#include "platform/base/clock.h"
#include "services/compliance/person_stewards.h"

namespace belgrand::compliance {

class IdentityHolder final : public PersonHolder {
 public:
  IdentityHolder(IdentityBook& book, HoldBook& holds, const base::Clock& clock);

  std::string_view name() const override { return "identities"; }
  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) override;
  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest& request) override;

 private:
  IdentityBook& book_;
  HoldBook& holds_;
  const base::Clock& clock_;
  const std::filesystem::path mark_;
};

}  // namespace belgrand::compliance
