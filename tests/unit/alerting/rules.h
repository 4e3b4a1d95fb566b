// Rules of alerting as a configuration file has them.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "belgrand/config/v1/config.pb.h"

namespace belgrand::alerting::testing {

inline config::v1::Alerting Rules(const std::string& text) {
  config::v1::Alerting rules;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rules)) << text;
  return rules;
}

}  // namespace belgrand::alerting::testing
