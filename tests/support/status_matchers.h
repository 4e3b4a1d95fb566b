// Matchers for Status and StatusOr: IsOk(), IsOkAndHolds(m), StatusIs(code, message matcher).
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "platform/base/error.h"

namespace belgrand::testing {

inline const base::Status& AsStatus(const base::Status& status) { return status; }
template <typename T>
const base::Status& AsStatus(const base::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << AsStatus(arg).ToString();
  return AsStatus(arg).ok();
}

MATCHER_P(IsOkAndHolds, matcher, "is OK and holds a matching value") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(matcher, *arg, result_listener);
}

MATCHER_P2(StatusIs, code, message, "has the code and a matching message") {
  *result_listener << AsStatus(arg).ToString();
  return AsStatus(arg).code() == code &&
         ::testing::ExplainMatchResult(message, base::Message(AsStatus(arg)), result_listener);
}

}  // namespace belgrand::testing

#define ASSERT_OK(expr) ASSERT_THAT((expr), ::belgrand::testing::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT((expr), ::belgrand::testing::IsOk())
