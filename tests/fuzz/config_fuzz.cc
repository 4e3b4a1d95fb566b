// Any bytes as a configuration file: nothing may crash or hang, a refused file leaves the
// configuration as it was, and a message says where the problem is.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/check.h"
#include "platform/config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using belgrand::config::v1::Config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Config config;
  config.set_data_dir("before");
  const belgrand::base::Status status =
      belgrand::config::ParseTextproto(text, "fuzz.textproto", &config);
  if (status.ok()) return 0;
  BELGRAND_CHECK(config.data_dir() == "before");
  BELGRAND_CHECK(belgrand::base::Message(status).find("fuzz.textproto") != std::string::npos);
  return 0;
}
