// One event for several recipients of one receiver: each gets a transaction of its own, and who has
// accepted is not asked again.
//
// Thread safety: pure function.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "alerting/receivers/receiver.h"

namespace belgrand::alerting {

// Receipts of all stand in one record.
inline constexpr int kMaxRecipients = 50;

// Sends to every recipient that has not accepted yet, by `send_one(index)`, and sums up. Retrying
// beats giving up, and doubt beats certainty: nobody is forgotten, every copy is marked. `accepted`
// is what the sum says when all have. A recipient that refused for good is asked again as long as
// another one is retried: its server may think otherwise then.
template <typename Recipients, typename SendOne>
Outcome SendToEach(const Delivery& delivery, const Recipients& recipients,
                   const std::string& accepted, SendOne send_one) {
  using Verdict = Outcome::Verdict;
  const auto rank = [](Verdict verdict) {
    return verdict == Verdict::kUncertain  ? 3
           : verdict == Verdict::kRefused  ? 2
           : verdict == Verdict::kRejected ? 1
                                           : 0;
  };
  Outcome total{.verdict = Verdict::kAccepted, .result = accepted};
  for (int i = 0; i < recipients.size(); ++i) {
    if (delivery.accepted.contains(recipients.Get(i))) continue;
    Outcome one = send_one(i);
    if (one.verdict == Verdict::kCancelled) {
      total.verdict = Verdict::kCancelled;
      return total;
    }
    total.retry_after = std::max(total.retry_after, one.retry_after);
    if (rank(one.verdict) > rank(total.verdict)) {
      total.verdict = one.verdict;
      total.result = recipients.size() == 1 ? one.result
                                            : fmt::format("recipient {} of {}: {}", i + 1,
                                                          recipients.size(), one.result);
    }
    total.recipients.push_back({recipients.Get(i), one.verdict, std::move(one.result)});
    const bool last = i + 1 == recipients.size();
    if (!last && delivery.note && one.verdict == Verdict::kAccepted) {
      delivery.note(total.recipients.back());
    }
  }
  return total;
}

}  // namespace belgrand::alerting
