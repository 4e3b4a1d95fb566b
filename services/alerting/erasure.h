// What of the book is about a person: officials stand in it by name, in clear.
//
// Thread safety: find at any time, erase one at a time. Borrows all it is given.
#pragma once

#include "alerting/book.h"
#include "platform/storage/store.h"
#include "services/shared/person_steward.h"
#include "services/shared/restrictions.h"

namespace belgrand::alerting {

// Whom the database says is withheld from readers.
base::Status LoadRestrictions(const storage::Store& store, shared::Restrictions& restrictions);

// `restrictions` follow what compliance says.
shared::PersonStewardship PersonsOf(AlertBook& book, storage::Store& store,
                                    shared::Restrictions& restrictions);

}  // namespace belgrand::alerting
