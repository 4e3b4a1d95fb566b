// Released notices over HTTP, for anybody: an Atom feed in English and one in French, and every
// message by its number.
//
// Only what was released is read (records of the type NoticeReleaseRecord, which hold nothing
// personal): drafts, steps and alerts cannot leak from here. Nothing is logged of who reads.
//
// Thread safety: safe. Borrows the book.
#pragma once

#include <string>
#include <vector>

#include "alerting/atom.h"
#include "alerting/book.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/http/server.h"
#include "platform/metrics/registry.h"

namespace belgrand::alerting {

// Everything that is wrong with the section; reads the files it names.
std::vector<std::string> CheckNoticeFeed(const config::v1::NoticeFeed& feed);

class NoticeFeed {
 public:
  // REQUIRES: CheckNoticeFeed found nothing.
  NoticeFeed(const AlertBook& book, const config::v1::Notices& notices, metrics::Registry& metrics);

  http::Response Handle(const http::PageRequest& request) const;
  // Where and how it is served.
  http::Pages Serve() const;

 private:
  base::StatusOr<http::Response> Answer(const http::PageRequest& request) const;

  const AlertBook& book_;
  const config::v1::Notices notices_;
  metrics::Counter& full_;
  metrics::Counter& unchanged_;
  metrics::Counter& missing_;
};

}  // namespace belgrand::alerting
