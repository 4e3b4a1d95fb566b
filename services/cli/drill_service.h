// A service of the drill's own: this program again, as a child process on loopback, over data in a
// directory of the drill; and its commands, as a person would type them.
//
// Thread safety: none. Destroyed, it ends the child.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::cli {

struct DrillAnswer {
  int exit_code = -1;
  std::string text;  // what it printed, errors too
};

class DrillService {
 public:
  // Below `home`: the data, the backups, the log and what commands print.
  explicit DrillService(std::filesystem::path home) : home_(std::move(home)) {}
  ~DrillService();
  DrillService(const DrillService&) = delete;
  DrillService& operator=(const DrillService&) = delete;

  std::filesystem::path data() const { return home_ / data_; }
  std::filesystem::path backups() const { return home_ / "backups"; }
  // Of whatever service ran here last.
  std::filesystem::path log() const { return home_ / (data_ + ".log"); }

  // Serves `name` below home. Unavailable: it did not start; the log's last line says why.
  base::Status Start(const std::string& name);
  // SIGTERM, and waits for the end. FailedPrecondition: it did not end with 0.
  base::Status Stop();

  // A command of this program, with --server where `asks_server`.
  enum class Asks { kNobody, kServer };
  DrillAnswer Run(std::vector<std::string> words, Asks asks = Asks::kNobody) const;
  // The same, which has to end with 0. FailedPrecondition holds what it printed.
  base::Status Must(std::vector<std::string> words, Asks asks = Asks::kNobody) const;

 private:
  const std::filesystem::path home_;
  std::string data_ = "data";
  std::string address_;
  pid_t child_ = -1;
};

}  // namespace belgrand::cli
