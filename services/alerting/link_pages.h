// The pages behind the links of a mail: one with a button, and one that says what became of it.
//
// Programs that open every link of a mail (scanners, previews) send GET or HEAD and are shown the
// button; only the form's POST acts. Nothing is loaded from elsewhere, nothing is cached, the
// address of the page is told to nobody. Every use of a link of ours is an entry of the audit log,
// under the name of the gRPC method that does the same; what is not a link of ours is only counted.
//
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/link_desk.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/http/server.h"
#include "platform/metrics/registry.h"
#include "services/shared/guard.h"
#include "services/shared/restrictions.h"

namespace belgrand::alerting {

// Everything that is wrong with the section, in words; reads the secret.
std::vector<std::string> CheckLinks(const config::v1::Links& links);

// REQUIRES: CheckLinks found nothing.
base::StatusOr<std::unique_ptr<LinkSigner>> MakeLinkSigner(const config::v1::Links& links,
                                                           const std::string& instance_id);

// The recipients of the configured mails.
LinkDesk::Persons LinkPersonsOf(const std::vector<config::v1::Receiver>& receivers,
                                const LinkSigner& signer);

class LinkPages {
 public:
  // Whom `restrictions` name stands on no page.
  LinkPages(LinkDesk& desk, const shared::Restrictions& restrictions, shared::Guard& guard,
            metrics::Registry& metrics);

  http::Response Handle(const http::PageRequest& request);
  // Where and how they are served.
  http::Pages Serve(const config::v1::Links& links);

 private:
  LinkDesk& desk_;
  const shared::Restrictions& restrictions_;
  shared::Guard& guard_;
  std::map<LinkVerdict, metrics::Counter*> looks_;
  std::map<LinkVerdict, metrics::Counter*> uses_;
};

}  // namespace belgrand::alerting
