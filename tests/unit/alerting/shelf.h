// A book of alerts on disk that tests close and open again.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alerting/book.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting::testing {

class Shelf {
 public:
  explicit Shelf(std::vector<Route> routes, config::v1::Alerting rules = {})
      : routes_(std::move(routes)), rules_(std::move(rules)) {
    Restart();
  }

  void Restart() {
    using belgrand::testing::IsOk;
    book_.reset();
    store_.reset();
    auto store = OpenAlertStore(dir_.path() / "alerting");
    ASSERT_OK(store);
    store_ = *std::move(store);
    auto book =
        AlertBook::Open(*store_, clock_, {routes_, "instance" + std::to_string(++opened_), rules_});
    ASSERT_OK(book);
    book_ = *std::move(book);
  }
  // In force from the next restart.
  void SetRoutes(std::vector<Route> routes) { routes_ = std::move(routes); }
  void SetRules(config::v1::Alerting rules) { rules_ = std::move(rules); }

  base::StatusOr<std::uint32_t> Apply(const std::vector<Signal>& signals) {
    std::vector<const Signal*> pointers;
    for (const Signal& signal : signals) pointers.push_back(&signal);
    return book_->Apply(pointers);
  }
  AlertBook& operator*() { return *book_; }
  AlertBook* operator->() { return book_.get(); }
  base::FakeClock& clock() { return clock_; }
  const base::FakeClock& clock() const { return clock_; }

 private:
  belgrand::testing::TempDir dir_;
  base::FakeClock clock_{base::FromMicros(1'700'000'000'000'000)};
  std::vector<Route> routes_;
  config::v1::Alerting rules_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<AlertBook> book_;
  int opened_ = 0;
};

}  // namespace belgrand::alerting::testing
