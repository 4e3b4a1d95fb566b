#include "services/ingest/content_hash.h"

#include <bit>
#include <cstdint>
#include <optional>

#include "platform/crypto/hash.h"

namespace belgrand::ingest {
namespace {

class Encoder {
 public:
  void Fixed(std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>((number >> shift) & 0xFFU));
    }
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
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

std::string ContentHash(const sample::Measurement& m, std::string_view sampler_ref,
                        std::string_view analyst_ref) {
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
  const crypto::Digest digest = crypto::Sha256(encoder.bytes());
  return std::string(crypto::View(digest));
}

}  // namespace belgrand::ingest
