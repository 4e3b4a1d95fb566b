// The case book: requests of persons and the orders passed on to laboratories, in one file.
//
// A few hundred cases a year are written whole on every change, to a file that takes the place of
// the one before: so a change is all or nothing, and what is erased from the book is not in its
// file any more. Names in it are sealed under keys of the keyring, which is not here. Bytes:
// docs/formats/case_book.md.
//
// Thread safety: safe. One process at a time: the lock on the keyring's directory covers it.
// Limits: kMaxCaseBookRecords cases and as many orders; a record has at most 4,096 bytes.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/storage/v1/case_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::compliance {

inline constexpr std::size_t kMaxCaseBookRecords = 20'000;
inline constexpr char kCaseBookFile[] = "cases.book";
// Beside the keyring: the key of the digests of restricted persons.
inline constexpr char kRightsKeyFile[] = "rights.key";

struct CaseBookContent {
  std::string ledger_id;
  std::uint64_t erased_through = 0;
  std::vector<storage::v1::CaseRecord> cases;    // in order of their opening
  std::vector<storage::v1::OrderRecord> orders;  // in order of their issue

  // Null: there is none.
  storage::v1::CaseRecord* FindCase(std::string_view case_id);
  storage::v1::OrderRecord* FindOrder(std::string_view order_id);
};

// DataLoss names the frame that is damaged, or says that some are missing. FailedPrecondition: a
// newer format.
base::StatusOr<CaseBookContent> ParseCaseBook(std::string_view bytes);
// ResourceExhausted: too many records. InvalidArgument: one is too large.
base::StatusOr<std::string> EncodeCaseBook(const CaseBookContent& content);

class CaseBook {
 public:
  // Opens the book; an absent one is empty. Errors as ParseCaseBook.
  static base::StatusOr<std::unique_ptr<CaseBook>> Open(std::filesystem::path path);

  // Applies a change: on disk when it returns OK, without any effect otherwise. An error of the
  // change is returned as it is. Others as EncodeCaseBook and WriteFileAtomically.
  using Change = std::function<base::Status(CaseBookContent& content)>;
  base::Status Update(const Change& change);

  CaseBookContent Read() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  CaseBook(std::filesystem::path path, CaseBookContent content)
      : path_(std::move(path)), content_(std::move(content)) {}

  const std::filesystem::path path_;
  mutable base::Mutex mutex_;
  CaseBookContent content_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
