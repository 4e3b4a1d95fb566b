#include "services/shared/content_hash.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "platform/crypto/hash.h"

namespace belgrand::shared {
namespace {

class Encoder {
 public:
  Encoder() { bytes_.reserve(512); }
  void Fixed(std::uint64_t number) {
    if constexpr (std::endian::native == std::endian::little) number = __builtin_bswap64(number);
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof bytes);
    bytes_.append(bytes, sizeof bytes);
  }
  void Text(std::string_view text) {
    Fixed(text.size());
    bytes_ += text;
  }
  void Time(const std::optional<base::Instant>& time) {
    bytes_.push_back(time.has_value() ? '\x01' : '\x00');
    if (time.has_value()) Fixed(static_cast<std::uint64_t>(base::ToMicros(*time)));
  }
  void Number(const std::optional<double>& number) {
    bytes_.push_back(number.has_value() ? '\x01' : '\x00');
    if (number.has_value()) Fixed(std::bit_cast<std::uint64_t>(*number));
  }
  // Fields added since the first release: each behind its tag, and only where it has a value.
  void TaggedText(std::uint64_t tag, std::string_view text) {
    if (text.empty()) return;
    Fixed(tag);
    Text(text);
  }
  void TaggedTime(std::uint64_t tag, const std::optional<base::Instant>& time) {
    if (!time.has_value()) return;
    Fixed(tag);
    Fixed(static_cast<std::uint64_t>(base::ToMicros(*time)));
  }
  void TaggedNumber(std::uint64_t tag, const std::optional<double>& number) {
    if (!number.has_value()) return;
    Fixed(tag);
    Fixed(std::bit_cast<std::uint64_t>(*number));
  }
  template <typename Code>
  void TaggedCode(std::uint64_t tag, Code code) {
    if (code == Code::kNotSaid) return;
    Fixed(tag);
    Fixed(static_cast<std::uint64_t>(code));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The tags are part of the encoding: never renumber, never reuse.
void EncodeRest(const sample::Measurement& m, std::string_view comment, Encoder& encoder) {
  const sample::Collection& collection = m.collection;
  encoder.TaggedText(1, m.gene);
  encoder.TaggedText(2, m.method_version);
  encoder.TaggedCode(3, collection.sampling);
  encoder.TaggedNumber(4, collection.composite_hours);
  encoder.TaggedTime(5, collection.started_at);
  encoder.TaggedCode(6, collection.matrix);
  encoder.TaggedCode(7, collection.fraction);
  encoder.TaggedTime(8, collection.received_at);
  encoder.TaggedNumber(9, collection.received_celsius);
  encoder.TaggedNumber(10, collection.hold_hours);
  encoder.TaggedNumber(11, m.controls.recovery_percent);
  encoder.TaggedCode(12, m.controls.inhibition);
  encoder.TaggedCode(13, m.controls.no_template_control);
  encoder.TaggedCode(14, m.controls.extraction_blank);
  encoder.TaggedNumber(15, m.normalisers.ammonium_mg_n_per_l);
  encoder.TaggedNumber(16, m.normalisers.pmmov_gc_per_l);
  if (!m.replicates.empty()) {
    encoder.Fixed(17);
    encoder.Fixed(m.replicates.size());
    for (const sample::Replicate& replicate : m.replicates) {
      encoder.Number(replicate.value);
      encoder.Fixed(static_cast<std::uint64_t>(replicate.censoring));
    }
  }
  encoder.TaggedText(18, m.retest_of);
  encoder.TaggedText(19, comment);
}

}  // namespace

std::string ContentHash(const sample::Measurement& m, std::string_view sampler_ref,
                        std::string_view analyst_ref, std::string_view comment) {
  Encoder encoder;
  encoder.Text("belgrand sample content v1");
  encoder.Text(m.laboratory_id);
  encoder.Text(m.sample_id);
  encoder.Text(m.site_id);
  encoder.Text(m.target);
  encoder.Time(m.collected_at);
  encoder.Time(m.known_at);
  encoder.Number(m.value);
  encoder.Fixed(static_cast<std::uint64_t>(m.censoring));
  encoder.Number(m.lod);
  encoder.Number(m.loq);
  encoder.Number(m.flow_m3_per_day);
  encoder.Number(m.population_served);
  encoder.Text(m.method_id);
  encoder.Fixed(m.quality_flags.size());
  for (const sample::QualityFlag flag : m.quality_flags) {
    encoder.Fixed(static_cast<std::uint64_t>(flag));
  }
  encoder.Text(sampler_ref);
  encoder.Text(analyst_ref);
  EncodeRest(m, comment, encoder);
  const crypto::Digest digest = crypto::Sha256(encoder.bytes());
  return std::string(crypto::View(digest));
}

std::string VoidHash(std::string_view laboratory_id, std::string_view sample_id,
                     std::string_view target, std::string_view gene) {
  Encoder encoder;
  encoder.Text("belgrand sample void v1");
  encoder.Text(laboratory_id);
  encoder.Text(sample_id);
  encoder.Text(target);
  encoder.Text(gene);
  return std::string(crypto::View(crypto::Sha256(encoder.bytes())));
}

}  // namespace belgrand::shared
