#include "platform/metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belgrand::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RegistryTest, SameNameAndLabelsIsTheSameMetric) {
  Registry registry;
  registry.AddCounter("belgrand_rows_total", "Rows.", {{"verdict", "accepted"}}).Increment(2);
  registry.AddCounter("belgrand_rows_total", "Rows.", {{"verdict", "accepted"}}).Increment();
  registry.AddCounter("belgrand_rows_total", "Rows.", {{"verdict", "rejected"}}).Increment();
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("belgrand_rows_total{verdict=\"accepted\"} 3"));
  EXPECT_THAT(text, HasSubstr("belgrand_rows_total{verdict=\"rejected\"} 1"));
  EXPECT_THAT(text, HasSubstr("# HELP belgrand_rows_total Rows."));
}

TEST(RegistryTest, GaugeFunctionIsReadAtEachScrapeUntilItsHandleGoes) {
  Registry registry;
  double value = 1;
  auto handle = registry.AddGaugeFunction("belgrand_depth", "Depth.", [&] { return value; });
  EXPECT_THAT(registry.Text(), HasSubstr("belgrand_depth 1"));
  value = 2;
  EXPECT_THAT(registry.Text(), HasSubstr("belgrand_depth 2"));
  handle.reset();
  value = 3;
  EXPECT_THAT(registry.Text(), Not(HasSubstr("belgrand_depth 3")));
}

}  // namespace
}  // namespace belgrand::metrics
