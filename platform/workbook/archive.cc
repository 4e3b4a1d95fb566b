#include "platform/workbook/archive.h"

#include <zip.h>

#include <algorithm>

namespace belgrand::workbook {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

std::string ErrorText(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

void Archive::Closer::operator()(zip* archive) const { zip_discard(archive); }

base::StatusOr<Archive> Archive::Open(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return base::InvalidArgument("no zip archive: {}", ErrorText(error));
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    zip_source_free(source);
    return base::InvalidArgument("no zip archive: {}", ErrorText(error));
  }
  zip_error_fini(&error);
  return Archive(archive);
}

base::StatusOr<std::string> Archive::Read(const std::string& name, std::size_t max_bytes) const {
  struct FileCloser {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };
  if (zip_name_locate(archive_.get(), name.c_str(), 0) < 0) {
    return base::NotFound("the workbook has no part {}", name);
  }
  const std::unique_ptr<zip_file_t, FileCloser> file(zip_fopen(archive_.get(), name.c_str(), 0));
  if (file == nullptr) {
    return base::InvalidArgument("part {} of the workbook cannot be unpacked: {}", name,
                                 zip_strerror(archive_.get()));
  }
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    if (before > max_bytes) {
      return base::ResourceExhausted("part {} of the workbook has more than {} bytes unpacked",
                                     name, max_bytes);
    }
    text.resize(before + kChunk);
    const zip_int64_t read = zip_fread(file.get(), text.data() + before, kChunk);
    text.resize(before + static_cast<std::size_t>(std::max<zip_int64_t>(read, 0)));
    if (read < 0) return base::InvalidArgument("part {} of the workbook is damaged", name);
    if (read == 0) return text;
  }
}

}  // namespace belgrand::workbook
