// What of the book is about a person: officials stand in it by name, in clear.
//
// Thread safety: find at any time, erase one at a time. Borrows the book and its store.
#pragma once

#include "alerting/book.h"
#include "platform/storage/store.h"
#include "services/shared/person_steward.h"

namespace belgrand::alerting {

shared::PersonStewardship PersonsOf(AlertBook& book, storage::Store& store);

}  // namespace belgrand::alerting
