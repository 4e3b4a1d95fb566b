// The case book as erasure, access and retention see it: one more place that holds persons and
// records past their time.
//
// Thread safety: safe. Both borrow the book and the keyring.
#pragma once

#include <memory>
#include <string>

#include "compliance/case_book.h"
#include "compliance/keyring.h"
#include "platform/crypto/secret.h"
#include "services/compliance/person_stewards.h"
#include "services/compliance/retention_runner.h"

namespace belgrand::compliance {

// Where the name of a case, or of an order, is sealed for.
std::string CaseNamePlace(const std::string& case_id);
std::string CaseReplacementPlace(const std::string& case_id);
std::string OrderNamePlace(const std::string& order_id);
std::string OrderCorrectionPlace(const std::string& order_id);

// What a rectification, by its erasure's id in hexadecimal, puts in the place of the old name;
// empty: nothing, because the case is past its retention or the person was erased since.
std::string ReplacementOf(const CaseBook& book, const Keyring& keyring,
                          const std::string& erasure_id);

// `name_key`: of the digests of restricted persons.
std::unique_ptr<PersonHolder> MakeCaseHolder(CaseBook& book, Keyring& keyring,
                                             const crypto::Key256& name_key);
std::unique_ptr<Steward> MakeCaseSteward(CaseBook& book);

}  // namespace belgrand::compliance
