// One input in the spool: its rows, written once and whole, and after them the verdicts as they
// come.
//
// The rows are complete and synced before the file gets its name, so a file that is found is whole;
// only verdicts grow, and a tail of them that a crash tore is cut off when the file is opened for
// appending: those rows count as not judged and are sent again, which is safe.
//
// Thread safety: externally synchronised.
// Errors: DataLoss names the file and the offset; FailedPrecondition: another key; file errors as
// platform/base/append_file.h.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "belgrand/spool/v1/spool.pb.h"
#include "platform/base/append_file.h"
#include "platform/base/error.h"
#include "platform/crypto/secret.h"
#include "services/spool/frame.h"

namespace belgrand::spool {

// A row beyond it is refused before anything is spooled: no service would take it either.
inline constexpr std::size_t kMaxRowBytes = std::size_t{1} << 20;

using VerdictList = google::protobuf::RepeatedPtrField<ingest::v1::Verdict>;

class InputFile {
 public:
  enum class Access { kRead, kAppend };

  // The bytes of a new file. InvalidArgument: no rows, or one of more than kMaxRowBytes.
  static base::StatusOr<std::string> Encode(const crypto::Key256& spool_key,
                                            const v1::InputHeader& header,
                                            std::span<const v1::Row> rows);

  static base::StatusOr<InputFile> Open(const std::filesystem::path& path,
                                        const crypto::Key256& spool_key, Access access,
                                        base::SyncFunction sync = nullptr);

  const v1::InputHeader& header() const { return header_; }
  // Rows that have a verdict; always the first ones.
  std::uint64_t judged() const { return judged_; }
  std::uint64_t bytes() const { return bytes_; }

  // The next rows without a verdict, at most `max`; none when all have one.
  base::StatusOr<std::vector<v1::Row>> Pending(std::size_t max);
  // Verdicts of the first rows of Pending, durable when OK. REQUIRES: kAppend.
  base::Status AppendVerdicts(const VerdictList& verdicts);

  using Visitor = std::function<void(const v1::Row&, const ingest::v1::Verdict*)>;
  // Every row in order, with its verdict or null.
  base::Status ForEach(const Visitor& visit) const;

 private:
  InputFile(std::filesystem::path path, FrameCipher cipher)
      : path_(std::move(path)), cipher_(std::move(cipher)) {}

  struct Frame {
    FrameKind kind{};
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  // of the body
  };
  base::Status Scan();
  base::StatusOr<Frame> ScanFrame(std::uint64_t offset);
  base::StatusOr<std::string> Read(const Frame& frame) const;
  template <typename Message>
  base::StatusOr<Message> Parse(const Frame& frame) const;
  base::Status Damaged(std::uint64_t offset, const base::Status& why) const;
  base::Status Buffer();

  std::filesystem::path path_;
  FrameCipher cipher_;
  base::AppendFile file_;
  v1::InputHeader header_;
  std::vector<Frame> rows_;
  std::vector<Frame> verdicts_;
  std::uint64_t judged_ = 0;
  std::uint64_t bytes_ = 0;
  // Pending rows that are decoded, and the next frame to decode.
  std::deque<v1::Row> buffer_;
  std::size_t next_frame_ = 0;
  std::uint64_t skip_ = 0;
};

}  // namespace belgrand::spool
