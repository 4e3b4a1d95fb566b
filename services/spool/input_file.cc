#include "services/spool/input_file.h"

#include <algorithm>
#include <utility>

namespace belgrand::spool {
namespace {

// Rows gathered into one frame.
constexpr std::size_t kFrameRows = 500;
constexpr std::size_t kFrameContentBytes = std::size_t{2} << 20;

}  // namespace

base::StatusOr<std::string> InputFile::Encode(const crypto::Key256& spool_key,
                                              const v1::InputHeader& header,
                                              std::span<const v1::Row> rows) {
  if (rows.empty()) return base::InvalidArgument("there are no rows to spool");
  std::string bytes;
  const FrameCipher cipher = FrameCipher::Create(spool_key, bytes);
  bytes += cipher.Seal(FrameKind::kHeader, bytes.size(), header.SerializeAsString());
  v1::Rows part;
  std::size_t part_bytes = 0;
  const auto flush = [&] {
    if (part.rows().empty()) return;
    bytes += cipher.Seal(FrameKind::kRows, bytes.size(), part.SerializeAsString());
    part.Clear();
    part_bytes = 0;
  };
  for (const v1::Row& row : rows) {
    const std::size_t size = row.ByteSizeLong();
    if (size > kMaxRowBytes) {
      return base::InvalidArgument("row {} has {} bytes and the limit is {}: shorten its texts",
                                   row.line(), size, kMaxRowBytes);
    }
    if (part.rows().size() == static_cast<int>(kFrameRows) ||
        part_bytes + size > kFrameContentBytes) {
      flush();
    }
    *part.add_rows() = row;
    part_bytes += size;
  }
  flush();
  bytes += cipher.Seal(FrameKind::kEnd, bytes.size(), "");
  return bytes;
}

base::StatusOr<InputFile> InputFile::Open(const std::filesystem::path& path,
                                          const crypto::Key256& spool_key, Access access,
                                          base::SyncFunction sync) {
  ASSIGN_OR_RETURN(const std::string preamble, base::ReadFileRange(path, 0, kPreambleBytes));
  auto cipher = FrameCipher::Open(spool_key, preamble);
  if (!cipher.ok()) return base::Annotate(cipher.status(), path.string());
  InputFile input(path, *std::move(cipher));
  if (access == Access::kAppend) {
    ASSIGN_OR_RETURN(input.file_, base::AppendFile::Open(path, sync));
  }
  RETURN_IF_ERROR(input.Scan());
  if (access == Access::kAppend && input.file_.size() > input.bytes_) {
    RETURN_IF_ERROR(input.file_.Truncate(input.bytes_));
    RETURN_IF_ERROR(input.file_.Sync());
  }
  input.skip_ = input.judged_;
  return input;
}

base::Status InputFile::Damaged(std::uint64_t offset, const base::Status& why) const {
  if (why.code() != base::StatusCode::kDataLoss) return why;
  return base::DataLoss(
      "{} is damaged at byte {}: {}; submit the original file again (resending is safe), then drop "
      "this input",
      path_.string(), offset, base::Message(why));
}

base::StatusOr<InputFile::Frame> InputFile::ScanFrame(std::uint64_t offset) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   base::ReadFileRange(path_, offset, kFrameHeadBytes + 1));
  ASSIGN_OR_RETURN(const FrameHead head, ParseFrameHead(bytes));
  if (bytes.size() == kFrameHeadBytes) return base::DataLoss("a frame is cut off");
  const Frame frame{static_cast<FrameKind>(bytes[kFrameHeadBytes]), offset, head.length};
  // Rows are checked when they are read.
  if (frame.kind == FrameKind::kRows) return frame;
  ASSIGN_OR_RETURN(const std::string body,
                   base::ReadFileRange(path_, offset + kFrameHeadBytes, head.length));
  RETURN_IF_ERROR(CheckBody(head, body).status());
  return frame;
}

base::Status InputFile::Scan() {
  std::uint64_t offset = kPreambleBytes;
  bool whole = false;
  const auto next = [&]() -> base::StatusOr<Frame> {
    ASSIGN_OR_RETURN(const Frame frame, ScanFrame(offset));
    offset += kFrameHeadBytes + frame.length;
    return frame;
  };
  auto first = next();
  if (!first.ok()) return Damaged(kPreambleBytes, first.status());
  ASSIGN_OR_RETURN(header_, Parse<v1::InputHeader>(*first));
  while (!whole) {
    const std::uint64_t at = offset;
    const auto frame = next();
    if (!frame.ok()) return Damaged(at, frame.status());
    if (frame->kind == FrameKind::kRows) {
      rows_.push_back(*frame);
    } else if (frame->kind == FrameKind::kEnd) {
      RETURN_IF_ERROR(Read(*frame).status());
      whole = true;
    } else {
      return Damaged(at, base::DataLoss("a frame of kind {} stands between the rows",
                                        static_cast<int>(frame->kind)));
    }
  }
  bytes_ = offset;
  // Verdicts: the first that cannot be read ends them.
  for (;;) {
    const auto frame = next();
    if (!frame.ok() || frame->kind != FrameKind::kVerdicts) return base::OkStatus();
    const auto verdicts = Parse<v1::Verdicts>(*frame);
    if (!verdicts.ok()) return base::OkStatus();
    judged_ += static_cast<std::uint64_t>(verdicts->verdicts_size());
    verdicts_.push_back(*frame);
    bytes_ = offset;
  }
}

base::StatusOr<std::string> InputFile::Read(const Frame& frame) const {
  const auto read = [&]() -> base::StatusOr<std::string> {
    ASSIGN_OR_RETURN(std::string bytes,
                     base::ReadFileRange(path_, frame.offset, kFrameHeadBytes + frame.length));
    ASSIGN_OR_RETURN(const FrameHead head, ParseFrameHead(bytes));
    const std::string_view body = std::string_view(bytes).substr(kFrameHeadBytes);
    ASSIGN_OR_RETURN(const FrameKind kind, CheckBody(head, body));
    return cipher_.Unseal(kind, frame.offset, body);
  };
  auto content = read();
  if (!content.ok()) return Damaged(frame.offset, content.status());
  return content;
}

template <typename Message>
base::StatusOr<Message> InputFile::Parse(const Frame& frame) const {
  ASSIGN_OR_RETURN(const std::string content, Read(frame));
  Message message;
  if (!message.ParseFromString(content)) {
    return Damaged(frame.offset, base::DataLoss("a frame holds no message"));
  }
  return message;
}

base::Status InputFile::Buffer() {
  if (next_frame_ >= rows_.size()) return base::OkStatus();
  ASSIGN_OR_RETURN(v1::Rows rows, Parse<v1::Rows>(rows_[next_frame_]));
  ++next_frame_;
  for (v1::Row& row : *rows.mutable_rows()) {
    if (skip_ > 0) {
      --skip_;
    } else {
      buffer_.push_back(std::move(row));
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::vector<v1::Row>> InputFile::Pending(std::size_t max) {
  while (buffer_.size() < max && next_frame_ < rows_.size()) {
    const base::Status status = Buffer();
    // What stands before the damage is still delivered.
    if (!status.ok() && buffer_.empty()) return status;
    if (!status.ok()) break;
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(max, buffer_.size()));
  return std::vector<v1::Row>(buffer_.begin(), buffer_.begin() + count);
}

base::Status InputFile::AppendVerdicts(const VerdictList& verdicts) {
  if (static_cast<std::size_t>(verdicts.size()) > buffer_.size()) {
    return base::Internal("{} verdicts for {} rows", verdicts.size(), buffer_.size());
  }
  v1::Verdicts message;
  *message.mutable_verdicts() = verdicts;
  const std::string content = message.SerializeAsString();
  const std::string frame = cipher_.Seal(FrameKind::kVerdicts, bytes_, content);
  base::Status status = file_.Append(frame);
  if (status.ok()) status = file_.Sync();
  if (!status.ok()) {
    // Should even this fail, the next opening cuts the tail off.
    (void)file_.Truncate(bytes_);
    return status;
  }
  verdicts_.push_back({FrameKind::kVerdicts, bytes_, frame.size() - kFrameHeadBytes});
  bytes_ += frame.size();
  judged_ += static_cast<std::uint64_t>(verdicts.size());
  buffer_.erase(buffer_.begin(), buffer_.begin() + verdicts.size());
  return base::OkStatus();
}

base::Status InputFile::ForEach(const Visitor& visit) const {
  std::size_t next_verdicts = 0;
  v1::Verdicts verdicts;
  int at = 0;
  for (const Frame& frame : rows_) {
    ASSIGN_OR_RETURN(const v1::Rows rows, Parse<v1::Rows>(frame));
    for (const v1::Row& row : rows.rows()) {
      while (at == verdicts.verdicts_size() && next_verdicts < verdicts_.size()) {
        ASSIGN_OR_RETURN(verdicts, Parse<v1::Verdicts>(verdicts_[next_verdicts++]));
        at = 0;
      }
      visit(row, at < verdicts.verdicts_size() ? &verdicts.verdicts(at++) : nullptr);
    }
  }
  return base::OkStatus();
}

}  // namespace belgrand::spool
