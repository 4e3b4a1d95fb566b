#include "compliance/merkle.h"

#include <bit>

namespace belgrand::compliance {
namespace {

constexpr std::string_view kLeafPrefix("\x00", 1);
constexpr std::string_view kNodePrefix("\x01", 1);

// Largest power of two below n; n >= 2.
std::uint64_t Split(std::uint64_t n) { return std::bit_floor(n - 1); }

// Root of the leaves [first, first + count); count >= 1 and `first` a multiple of bit_ceil(count),
// which holds for every range that the splits of a tree produce.
base::StatusOr<Hash> RangeRoot(const NodeReader& reader, std::uint64_t first, std::uint64_t count) {
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    return reader(level, first >> level);
  }
  const std::uint64_t left_count = Split(count);
  ASSIGN_OR_RETURN(const Hash left, RangeRoot(reader, first, left_count));
  ASSIGN_OR_RETURN(const Hash right, RangeRoot(reader, first + left_count, count - left_count));
  return NodeHash(left, right);
}

base::Status BadProof(std::string_view what) {
  return base::DataLoss("{} proof does not hold", what);
}

}  // namespace

Hash EmptyRoot() { return crypto::Sha256(""); }

Hash LeafHash(std::string_view entry) { return crypto::Sha256({kLeafPrefix, entry}); }

Hash NodeHash(const Hash& left, const Hash& right) {
  return crypto::Sha256({kNodePrefix, crypto::View(left), crypto::View(right)});
}

base::StatusOr<Frontier> Frontier::Of(const NodeReader& reader, std::uint64_t size) {
  Frontier frontier;
  while (frontier.size_ < size) {
    const int level = static_cast<int>(std::bit_width(size - frontier.size_)) - 1;
    ASSIGN_OR_RETURN(const Hash root, reader(level, frontier.size_ >> level));
    frontier.roots_.push_back(root);
    frontier.size_ += std::uint64_t{1} << level;
  }
  return frontier;
}

void Frontier::Append(const Hash& leaf) {
  Hash root = leaf;
  // Each trailing one bit of the old size is a full subtree that the new leaf completes into a
  // larger.
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    root = NodeHash(roots_.back(), root);
    roots_.pop_back();
  }
  roots_.push_back(root);
  ++size_;
}

Hash Frontier::Root() const {
  if (roots_.empty()) return EmptyRoot();
  Hash root = roots_.back();
  for (std::size_t i = roots_.size() - 1; i-- > 0;) root = NodeHash(roots_[i], root);
  return root;
}

base::StatusOr<Hash> TreeRoot(const NodeReader& reader, std::uint64_t size) {
  if (size == 0) return EmptyRoot();
  return RangeRoot(reader, 0, size);
}

base::StatusOr<std::vector<Hash>> ProveInclusion(const NodeReader& reader, std::uint64_t index,
                                                 std::uint64_t size) {
  if (index >= size) {
    return base::InvalidArgument("entry {} is not in a tree of {} entries", index, size);
  }
  std::vector<Hash> from_root;
  std::uint64_t first = 0;
  for (std::uint64_t count = size; count > 1;) {
    const std::uint64_t left = Split(count);
    const bool go_left = index - first < left;
    ASSIGN_OR_RETURN(const Hash sibling, go_left ? RangeRoot(reader, first + left, count - left)
                                                 : RangeRoot(reader, first, left));
    from_root.push_back(sibling);
    if (!go_left) first += left;
    count = go_left ? left : count - left;
  }
  return std::vector<Hash>(from_root.rbegin(), from_root.rend());
}

base::StatusOr<std::vector<Hash>> ProveConsistency(const NodeReader& reader, std::uint64_t old_size,
                                                   std::uint64_t new_size) {
  if (old_size == 0 || old_size > new_size) {
    return base::InvalidArgument(
        "no consistency proof from size {} to size {}: needs 1 <= old <= new", old_size, new_size);
  }
  std::vector<Hash> from_root;
  std::uint64_t first = 0;
  std::uint64_t count = new_size;
  // SUBPROOF of RFC 6962 section 2.1.2: walk down to the node that ends the old tree.
  while (old_size - first != count) {
    const std::uint64_t left = Split(count);
    const bool go_left = old_size - first <= left;
    ASSIGN_OR_RETURN(const Hash sibling, go_left ? RangeRoot(reader, first + left, count - left)
                                                 : RangeRoot(reader, first, left));
    from_root.push_back(sibling);
    if (!go_left) first += left;
    count = go_left ? left : count - left;
  }
  if (first != 0) {  // the old root itself is known to the verifier
    ASSIGN_OR_RETURN(const Hash last, RangeRoot(reader, first, count));
    from_root.push_back(last);
  }
  return std::vector<Hash>(from_root.rbegin(), from_root.rend());
}

base::Status VerifyInclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                             const Hash& root, std::span<const Hash> proof) {
  if (index >= size) {
    return base::InvalidArgument("entry {} is not in a tree of {} entries", index, size);
  }
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash r = leaf;
  for (const Hash& p : proof) {
    if (sn == 0) return BadProof("inclusion");
    if ((fn & 1) != 0 || fn == sn) {
      r = NodeHash(p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = NodeHash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && r == root ? base::OkStatus() : BadProof("inclusion");
}

base::Status VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size, const Hash& old_root,
                               const Hash& new_root, std::span<const Hash> proof) {
  if (old_size == 0 || old_size > new_size) {
    return base::InvalidArgument(
        "cannot verify consistency of size {} with {}: needs 1 <= old <= new", old_size, new_size);
  }
  if (old_size == new_size) {
    return proof.empty() && old_root == new_root ? base::OkStatus() : BadProof("consistency");
  }
  if (proof.empty()) return BadProof("consistency");
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = new_size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // A full old tree is itself the first node of the path, and left out of the proof.
  const bool full = std::has_single_bit(old_size);
  Hash fr = full ? old_root : proof.front();
  Hash sr = fr;
  for (const Hash& c : full ? proof : proof.subspan(1)) {
    if (sn == 0) return BadProof("consistency");
    if ((fn & 1) != 0 || fn == sn) {
      fr = NodeHash(c, fr);
      sr = NodeHash(c, sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = NodeHash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == old_root && sr == new_root ? base::OkStatus() : BadProof("consistency");
}

}  // namespace belgrand::compliance
