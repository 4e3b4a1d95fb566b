// The archive of bulletins: <folder>/<week>/v<version>/, each version whole and never touched
// again.
//
//   bulletin.en.html  bulletin.fr.html  bulletin.en.pdf  bulletin.fr.pdf  bulletin.json
//
// A version is written beside its place and then renamed: a crash leaves all of it or none. Only
// drawings as PDF may be added to a version that was made without them. One writer at a time;
// a second one of the same week fails.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "services/cli/bulletin.h"

namespace belgrand::cli {

struct ArchivedBulletin {
  int version = 0;
  std::filesystem::path folder;
  std::string json;
};

class BulletinArchive {
 public:
  BulletinArchive(std::filesystem::path folder, const std::string& week)
      : folder_(std::move(folder) / week) {}

  // nullopt: none yet.
  base::StatusOr<std::optional<ArchivedBulletin>> Newest() const;
  // Files by name. AlreadyExists: somebody else has written this version meanwhile.
  base::StatusOr<std::filesystem::path> Add(int version,
                                            const std::map<std::string, std::string>& files) const;

 private:
  std::filesystem::path folder_;
};

// Of two bulletin.json: whether their numbers are the same, whatever their version and cut-off.
base::StatusOr<bool> SaysTheSame(const std::string& before, const std::string& after);
// Its cut-off, as written.
base::StatusOr<std::string> CutoffOf(const std::string& bulletin);
// REQUIRES: SaysTheSame could read both.
std::vector<LineChange> ChangedLines(const std::string& before, const std::string& after);

}  // namespace belgrand::cli
