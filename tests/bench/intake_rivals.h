// Databases that the bench compares with where they are installed; nothing of them is needed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace belgrand::bench {

// A PostgreSQL server of its own, on a socket in `directory`: rows of the same fields with their
// primary key, synchronous commit on, fed by `psql` with COPY.
class PostgresRival {
 public:
  // Null and a reason in `why` when it cannot be run here.
  static std::unique_ptr<PostgresRival> Start(const std::filesystem::path& directory,
                                              std::string& why);
  ~PostgresRival();
  // Rows a second of `clients` connections that each commit `batches` batches of 500 by COPY.
  double CopyRate(int clients, int batches, int run);

 private:
  explicit PostgresRival(std::filesystem::path directory) : directory_(std::move(directory)) {}
  int Run(const std::string& command) const;
  const std::filesystem::path directory_;
  std::string binaries_;
};

// Rows a second that InfluxDB takes in batches of 500, each synced; nothing and a reason when it
// cannot be run here.
std::optional<double> InfluxRate(const std::filesystem::path& directory, int clients, int batches,
                                 std::string& why);

}  // namespace belgrand::bench
