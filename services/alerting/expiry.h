// What of the book has expired: here the policies of the schema (compliance) meet the book
// (alerting), which may not know them.
//
// Thread safety: plan at any time, apply one at a time. Borrows the book.
#pragma once

#include "alerting/book.h"
#include "services/shared/steward.h"

namespace belgrand::alerting {

shared::Stewardship StewardshipOf(AlertBook& book);

}  // namespace belgrand::alerting
