// Merkle trees of RFC 6962: hashes, roots, inclusion and consistency proofs.
//
// Why this and no invention: any verifier of certificate transparency, and the C2SP tools, can
// check Belgrand's audit log. leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right),
// a tree of n leaves splits at the largest power of two below n, the empty root is SHA-256("").
// Verification follows RFC 9162 sections 2.1.3.2 and 2.1.4.2.
//
// Thread safety: functions are safe; a Frontier is externally synchronised.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {

using Hash = crypto::Digest;

Hash EmptyRoot();
Hash LeafHash(std::string_view entry);
Hash NodeHash(const Hash& left, const Hash& right);

// The root of the full subtree of the 2^level leaves from `index * 2^level` on.
using NodeReader = std::function<base::StatusOr<Hash>(int level, std::uint64_t index)>;

// The roots of the full subtrees of a growing tree: all that is needed to append and to know the
// root, in O(log n) memory.
class Frontier {
 public:
  // That of the first `size` leaves; errors are the reader's.
  static base::StatusOr<Frontier> Of(const NodeReader& reader, std::uint64_t size);

  void Append(const Hash& leaf);
  Hash Root() const;
  std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> roots_;  // of full subtrees, the largest (leftmost) first
};

// The root of the first `size` leaves; errors are the reader's.
base::StatusOr<Hash> TreeRoot(const NodeReader& reader, std::uint64_t size);

// Proof that leaf `index` is in the tree of the first `size` leaves, hashes from the leaf upwards.
// InvalidArgument unless index < size.
base::StatusOr<std::vector<Hash>> ProveInclusion(const NodeReader& reader, std::uint64_t index,
                                                 std::uint64_t size);

// Proof that the tree of the first `old_size` leaves is a prefix of that of `new_size`.
// InvalidArgument unless 1 <= old_size <= new_size.
base::StatusOr<std::vector<Hash>> ProveConsistency(const NodeReader& reader, std::uint64_t old_size,
                                                   std::uint64_t new_size);

// DataLoss when the proof does not hold; InvalidArgument when index >= size.
base::Status VerifyInclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                             const Hash& root, std::span<const Hash> proof);

// DataLoss when the proof does not hold; InvalidArgument unless 1 <= old_size <= new_size. An empty
// tree is a prefix of every tree and proves nothing, hence refused.
base::Status VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size, const Hash& old_root,
                               const Hash& new_root, std::span<const Hash> proof);

}  // namespace belgrand::compliance
