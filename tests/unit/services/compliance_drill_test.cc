#include "services/cli/compliance_drill.h"

#include <gmock/gmock.h>

#include <sstream>

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ComplianceDrillTest, EveryPromiseHolds) {
  std::ostringstream out;
  EXPECT_TRUE(RunComplianceDrill(ComplianceDrillSteps(), out)) << out.str();
  EXPECT_THAT(out.str(), AllOf(HasSubstr("10 of 10 promises hold"), Not(HasSubstr("FAILED"))));
}

TEST(ComplianceDrillTest, APromiseThatDoesNotHoldFailsTheTable) {
  std::ostringstream out;
  EXPECT_FALSE(RunComplianceDrill(
      {{"good", [](const std::string&) { return base::StatusOr<std::string>("seen"); }},
       {"bad",
        [](const std::string&) -> base::StatusOr<std::string> {
          return base::DataLoss("a reason that is long enough to need a second line of the table");
        }}},
      out));
  EXPECT_THAT(out.str(), AllOf(HasSubstr("| FAILED |"), HasSubstr("1 of 2 promises hold"),
                               HasSubstr("a reason that is long enough to need a second")));
}

}  // namespace
}  // namespace belgrand::cli
