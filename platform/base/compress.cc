#include "platform/base/compress.h"

#include <zstd.h>

#include <memory>

#include "platform/base/check.h"

namespace belgrand::base {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Level 3 with long matches only: what comes here is mostly noise around a few symbols, where short
// matches cost more than the literals they replace.
ZSTD_CCtx* MakeCompressor() {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  BELGRAND_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3);
  ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, ZSTD_fast);
  ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  return context;
}

}  // namespace

std::size_t CompressTo(std::string& out, std::string_view bytes) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(MakeCompressor());
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(bytes.size()));
  const std::size_t size = ZSTD_compress2(context.get(), out.data() + before, out.size() - before,
                                          bytes.data(), bytes.size());
  BELGRAND_CHECK(!ZSTD_isError(size));
  out.resize(before + size);
  return size;
}

StatusOr<std::string> Decompress(std::string_view frame, std::size_t size) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  BELGRAND_CHECK(context != nullptr);
  std::string out(size, '\0');
  const std::size_t got =
      ZSTD_decompressDCtx(context.get(), out.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got)) {
    return DataLoss("a compressed block cannot be opened: {}", ZSTD_getErrorName(got));
  }
  if (got != size) return DataLoss("a compressed block holds {} bytes, not {}", got, size);
  return out;
}

}  // namespace belgrand::base
