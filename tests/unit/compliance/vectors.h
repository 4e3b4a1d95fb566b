// The published and cross-checked vectors of tests/golden/compliance_vectors.json.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "compliance/merkle.h"
#include "platform/base/check.h"
#include "platform/crypto/encoding.h"

namespace belgrand::compliance {

inline const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = [] {
    const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
    BELGRAND_CHECK(source != nullptr);  // set by ctest; run the binary through ctest or set it
    std::ifstream file(std::string(source) + "/tests/golden/compliance_vectors.json");
    BELGRAND_CHECK(file.good());
    return nlohmann::json::parse(file);
  }();
  return vectors;
}

inline std::string Raw(const std::string& hex) { return crypto::FromHex(hex).value(); }

inline Hash HashOf(const std::string& hex) {
  const std::string bytes = Raw(hex);
  Hash hash;
  BELGRAND_CHECK(bytes.size() == hash.size());
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

inline std::string Hex(const Hash& hash) { return crypto::ToHex(crypto::View(hash)); }

inline std::vector<Hash> HashesOf(const nlohmann::json& list) {
  std::vector<Hash> hashes;
  for (const auto& hex : list) hashes.push_back(HashOf(hex));
  return hashes;
}

// A reader over leaf hashes in memory, the slow and obvious way.
inline NodeReader ReaderOf(const std::vector<Hash>& leaves) {
  return [&leaves](int level, std::uint64_t index) -> base::StatusOr<Hash> {
    std::vector<Hash> row(leaves.begin() + static_cast<std::ptrdiff_t>(index << level),
                          leaves.begin() + static_cast<std::ptrdiff_t>((index + 1) << level));
    while (row.size() > 1) {
      for (std::size_t i = 0; i < row.size() / 2; ++i) {
        row[i] = NodeHash(row[2 * i], row[2 * i + 1]);
      }
      row.resize(row.size() / 2);
    }
    return row.front();
  };
}

}  // namespace belgrand::compliance
