// Shows alerts in a Prometheus Alertmanager: POST <url>/api/v2/alerts.
//
// Labels (alertname, district, target, rule, kind, severity) name an alert there, so a change of
// severity ends the alert of the old one and begins another: every event sends all three
// severities, the others as ended. startsAt is when the alert opened; endsAt when it was resolved,
// or `expires_after` ahead, since Alertmanager would otherwise take our silence of five minutes for
// an end. Sending an event again changes nothing there: repeats need no mark.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/receivers/receiver.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"

namespace belgrand::alerting {

// Everything that is wrong with it, in words; reads the files it names.
std::vector<std::string> CheckAlertmanager(const config::v1::Alertmanager& alertmanager);

// The request's body at `now`. Exposed for tests.
std::string AlertmanagerBody(const Delivery& delivery, base::Instant now,
                             base::Duration expires_after);

// REQUIRES: CheckAlertmanager found nothing. The token is read at every attempt.
std::unique_ptr<Receiver> MakeAlertmanager(const config::v1::Alertmanager& alertmanager,
                                           const base::Clock& clock);

}  // namespace belgrand::alerting
