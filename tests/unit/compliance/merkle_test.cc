#include "compliance/merkle.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;

std::vector<Hash> NumberedLeaves(int count) {
  std::vector<Hash> leaves;
  for (int i = 0; i < count; ++i) leaves.push_back(LeafHash(fmt::format("leaf {}", i)));
  return leaves;
}

std::vector<Hash> CtLeaves() {
  std::vector<Hash> leaves;
  for (const std::string hex : Vectors()["ct8_leaves_hex"]) leaves.push_back(LeafHash(Raw(hex)));
  return leaves;
}

Hash Flip(Hash hash, std::size_t bit) {
  hash[bit / 8] = static_cast<std::uint8_t>(hash[bit / 8] ^ 1U << bit % 8);
  return hash;
}

TEST(MerkleTest, HashesMatchThePublishedOnes) {
  EXPECT_EQ(Hex(EmptyRoot()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(LeafHash("")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(Hex(LeafHash("L123456")),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  EXPECT_EQ(crypto::ToBase64(crypto::View(LeafHash("hello world"))),
            "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=");
  // node("N123", "N456") is published for inputs that are not hashes: spell the concatenation out.
  EXPECT_EQ(Hex(crypto::Sha256("\x01N123N456")),
            "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
  const Hash a = LeafHash("a");
  const Hash b = LeafHash("b");
  EXPECT_EQ(NodeHash(a, b),
            crypto::Sha256(std::string("\x01").append(crypto::View(a)).append(crypto::View(b))));
}

TEST(MerkleTest, CertificateTransparencyTreeMatchesAtEverySize) {
  const std::vector<Hash> leaves = CtLeaves();
  const auto& roots = Vectors()["ct8_roots"];
  ASSERT_EQ(HashesOf(Vectors()["ct8_leaf_hashes"]), leaves);
  Frontier frontier;
  for (std::size_t size = 0;; ++size) {
    EXPECT_EQ(Hex(frontier.Root()), roots[size]);
    EXPECT_THAT(TreeRoot(ReaderOf(leaves), size), IsOkAndHolds(HashOf(roots[size])));
    if (size == leaves.size()) break;
    frontier.Append(leaves[size]);
  }
}

TEST(MerkleTest, NumberedLeavesMatchTheRootsOfTheGoImplementation) {
  const auto& roots = Vectors()["leafN_roots"];
  Frontier frontier;
  std::size_t checked = 0;
  for (int i = 0; i < 70000; ++i) {
    frontier.Append(LeafHash(fmt::format("leaf {}", i)));
    const auto root = roots.find(std::to_string(i + 1));
    if (root == roots.end()) continue;
    EXPECT_EQ(Hex(frontier.Root()), *root) << "size " << i + 1;
    ++checked;
  }
  EXPECT_EQ(checked, roots.size());
}

TEST(MerkleTest, ProofsMatchThePublishedOnes) {
  const std::vector<Hash> leaves = CtLeaves();
  const std::vector<Hash> roots = HashesOf(Vectors()["ct8_roots"]);
  for (const auto& probe : Vectors()["ct8_inclusion"]) {
    const std::uint64_t index = probe["index"];
    const std::uint64_t size = probe["size"];
    const std::vector<Hash> expected = HashesOf(probe["path"]);
    EXPECT_THAT(ProveInclusion(ReaderOf(leaves), index, size), IsOkAndHolds(expected));
    EXPECT_OK(VerifyInclusion(leaves[index], index, size, roots[size], expected));
  }
  for (const auto& probe : Vectors()["ct8_consistency"]) {
    const std::uint64_t a = probe["a"];
    const std::uint64_t b = probe["b"];
    const std::vector<Hash> expected = HashesOf(probe["proof"]);
    EXPECT_THAT(ProveConsistency(ReaderOf(leaves), a, b), IsOkAndHolds(expected));
    EXPECT_OK(VerifyConsistency(a, b, roots[a], roots[b], expected));
  }
}

constexpr int kExhaustive = 40;

TEST(MerkleTest, EveryLeafOfEverySmallTreeProvesAndEveryBitFlipIsRefused) {
  const std::vector<Hash> leaves = NumberedLeaves(kExhaustive);
  int flips = 0;
  for (std::uint64_t size = 1; size <= kExhaustive; ++size) {
    const Hash root = TreeRoot(ReaderOf(leaves), size).value();
    for (std::uint64_t index = 0; index < size; ++index) {
      std::vector<Hash> proof = ProveInclusion(ReaderOf(leaves), index, size).value();
      ASSERT_OK(VerifyInclusion(leaves[index], index, size, root, proof));
      for (Hash& hash : proof) {
        const Hash good = hash;
        for (std::size_t bit = 0; bit < 256; ++bit) {
          hash = Flip(good, bit);
          ASSERT_FALSE(VerifyInclusion(leaves[index], index, size, root, proof).ok());
          ++flips;
        }
        hash = good;
      }
      EXPECT_FALSE(VerifyInclusion(leaves[index], index, size, Flip(root, 0), proof).ok());
      EXPECT_FALSE(VerifyInclusion(Flip(leaves[index], 7), index, size, root, proof).ok());
      for (std::uint64_t other = 0; other < size; ++other) {
        if (other == index) continue;
        EXPECT_FALSE(VerifyInclusion(leaves[index], other, size, root, proof).ok());
      }
      proof.push_back(root);
      EXPECT_FALSE(VerifyInclusion(leaves[index], index, size, root, proof).ok()) << "too long";
    }
  }
  EXPECT_GT(flips, 500'000);
}

TEST(MerkleTest, EveryPrefixOfEverySmallTreeProvesAndEveryBitFlipIsRefused) {
  const std::vector<Hash> leaves = NumberedLeaves(kExhaustive);
  int flips = 0;
  for (std::uint64_t size = 1; size <= kExhaustive; ++size) {
    const Hash root = TreeRoot(ReaderOf(leaves), size).value();
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hash old_root = TreeRoot(ReaderOf(leaves), old_size).value();
      std::vector<Hash> proof = ProveConsistency(ReaderOf(leaves), old_size, size).value();
      ASSERT_OK(VerifyConsistency(old_size, size, old_root, root, proof));
      for (Hash& hash : proof) {
        const Hash good = hash;
        for (std::size_t bit = 0; bit < 256; ++bit) {
          hash = Flip(good, bit);
          ASSERT_FALSE(VerifyConsistency(old_size, size, old_root, root, proof).ok());
          ++flips;
        }
        hash = good;
      }
      EXPECT_FALSE(VerifyConsistency(old_size, size, Flip(old_root, 3), root, proof).ok());
      EXPECT_FALSE(VerifyConsistency(old_size, size, old_root, Flip(root, 3), proof).ok());
      if (!proof.empty()) {
        proof.pop_back();
        EXPECT_FALSE(VerifyConsistency(old_size, size, old_root, root, proof).ok()) << "too short";
      }
    }
  }
  EXPECT_GT(flips, 500'000);
}

TEST(MerkleTest, RefusesIndexesAndSizesOutsideTheTree) {
  const std::vector<Hash> leaves = NumberedLeaves(4);
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, ::testing::_);
  EXPECT_THAT(ProveInclusion(ReaderOf(leaves), 4, 4), invalid);
  EXPECT_THAT(VerifyInclusion(leaves[0], 4, 4, leaves[0], {}), invalid);
  EXPECT_THAT(VerifyInclusion(leaves[0], 0, 0, EmptyRoot(), {}), invalid);
  EXPECT_THAT(ProveConsistency(ReaderOf(leaves), 0, 4), invalid);
  EXPECT_THAT(ProveConsistency(ReaderOf(leaves), 5, 4), invalid);
  const Hash root = TreeRoot(ReaderOf(leaves), 4).value();
  EXPECT_THAT(VerifyConsistency(0, 4, EmptyRoot(), root, {}), invalid)
      << "the empty tree proves nothing";
  EXPECT_THAT(VerifyConsistency(0, 0, EmptyRoot(), EmptyRoot(), {}), invalid);
}

}  // namespace
}  // namespace belgrand::compliance
