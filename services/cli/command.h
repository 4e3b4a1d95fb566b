// A subcommand of the belgrand binary: it declares its options on `app` and puts into `run` what to
// do.
//
// Exit codes: 0 clean, 1 runtime failure, 2 usage, 3 configuration; of `submit` besides: 4 what is
// not delivered yet is safe in the spool, 5 everything was delivered and some rows were rejected.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace belgrand::cli {

using RunSlot = std::function<int()>;

inline constexpr int kExitOk = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 3;
inline constexpr int kExitSpooled = 4;
inline constexpr int kExitRejected = 5;

}  // namespace belgrand::cli
