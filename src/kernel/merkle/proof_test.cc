// RFC 6962 with the published vectors of the Certificate Transparency project, and by property.
#include "kernel/merkle/proof.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace ducat::kernel::merkle {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}
Hash hash_of_hex(std::string_view hex) {
  return hash_from(from_hex(hex));
}

const std::vector<std::string> kLeaves = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
constexpr std::string_view kRoots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                       "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                       "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                       "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                       "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// A tree that keeps every complete subtree.
struct WholeTree {
  std::map<NodeId, Hash> nodes;
  std::vector<Hash> leaves;
  CompactTree edge;
  std::vector<Hash> roots = {empty_root()};

  void append(const Hash& leaf) {
    nodes[{0, leaves.size()}] = leaf;
    leaves.push_back(leaf);
    edge.append(leaf, [this](NodeId id, const Hash& hash) {
      bool fresh = nodes.emplace(id, hash).second;
      EXPECT_TRUE(fresh) << "a subtree is complete once";
    });
    roots.push_back(edge.root());
  }
  FindNode finder() {
    return [this](NodeId id) -> Result<Hash> {
      auto found = nodes.find(id);
      if (found == nodes.end()) return fail(Errc::kNotFound, "not a complete subtree");
      return found->second;
    };
  }
};

WholeTree tree_of(size_t size) {
  WholeTree tree;
  for (size_t i = 0; i < size; ++i) tree.append(leaf_hash("leaf " + std::to_string(i)));
  return tree;
}

// RFC 6962's definition, word for word.
Hash defined_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(defined_root(leaves.first(split)), defined_root(leaves.subspan(split)));
}

TEST(Merkle, TheEmptyTreesRootIsTheHashOfNothing) {
  EXPECT_EQ(security::to_hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(CompactTree().root(), empty_root());
}

TEST(Merkle, RootsAreThoseOfThePublishedVectors) {
  CompactTree tree;
  for (size_t i = 0; i < kLeaves.size(); ++i) {
    tree.append(leaf_hash(from_hex(kLeaves[i])));
    EXPECT_EQ(security::to_hex(tree.root()), kRoots[i]) << i + 1;
  }
}

TEST(Merkle, PathsAreThoseOfThePublishedVectors) {
  WholeTree tree;
  for (const std::string& leaf : kLeaves) tree.append(leaf_hash(from_hex(leaf)));
  auto path = inclusion_path(5, 8, tree.finder());
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(*path, Path({hash_of_hex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                         hash_of_hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                         hash_of_hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")}));
  auto old = consistency_path(6, 8, tree.finder());
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(*old, Path({hash_of_hex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
                        hash_of_hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                        hash_of_hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")}));
}

TEST(Merkle, EveryRootIsWhatTheDefinitionSays) {
  WholeTree tree = tree_of(70);
  for (size_t size = 0; size <= 70; ++size) {
    EXPECT_EQ(tree.roots[size], defined_root(std::span(tree.leaves).first(size))) << size;
    auto found = root_of(size, tree.finder());
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, tree.roots[size]) << size;
  }
}

TEST(Merkle, GoesOnFromItsEdge) {
  WholeTree tree = tree_of(77);
  std::vector<Hash> edge;
  for (NodeId id : complete_subtrees(77)) edge.push_back(tree.nodes.at(id));
  CompactTree resumed(77, edge);
  EXPECT_EQ(resumed.root(), tree.roots[77]);
  tree.append(leaf_hash("next"));
  resumed.append(leaf_hash("next"));
  EXPECT_EQ(resumed.root(), tree.roots[78]);
}

TEST(Merkle, EveryLeafIsProvenInEveryTree) {
  WholeTree tree = tree_of(40);
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t index = 0; index < size; ++index) {
      auto path = inclusion_path(index, size, tree.finder());
      ASSERT_TRUE(path.has_value());
      EXPECT_TRUE(verify_inclusion(tree.leaves[index], index, size, *path, tree.roots[size]));
      EXPECT_FALSE(verify_inclusion(tree.leaves[index], index + 1, size, *path, tree.roots[size]))
          << "another place";
      EXPECT_FALSE(verify_inclusion(tree.leaves[index], index, size, *path, tree.roots[size - 1]));
    }
    EXPECT_FALSE(inclusion_path(size, size, tree.finder()).has_value());
  }
}

TEST(Merkle, EveryTreeIsProvenToBeTheBeginningOfEveryLargerOne) {
  WholeTree tree = tree_of(40);
  for (size_t size = 0; size <= 40; ++size) {
    for (size_t old = 0; old <= size; ++old) {
      auto path = consistency_path(old, size, tree.finder());
      ASSERT_TRUE(path.has_value());
      EXPECT_TRUE(verify_consistency(old, tree.roots[old], size, tree.roots[size], *path))
          << old << "/" << size;
      if (old > 0 && old < size) {
        EXPECT_FALSE(verify_consistency(old, tree.roots[old - 1], size, tree.roots[size], *path));
        EXPECT_FALSE(verify_consistency(old, tree.roots[old], size, tree.roots[size - 1], *path));
      }
    }
    EXPECT_FALSE(consistency_path(size + 1, size, tree.finder()).has_value());
  }
}

RC_GTEST_PROP(MerkleProperty, AChangedLeafPathOrRootFails, ()) {
  auto size = *rc::gen::inRange<size_t>(1, 300);
  auto index = *rc::gen::inRange<size_t>(0, size);
  WholeTree tree = tree_of(size);
  Path path = *inclusion_path(index, size, tree.finder());
  RC_ASSERT(verify_inclusion(tree.leaves[index], index, size, path, tree.roots[size]));
  Hash wrong = tree.leaves[index];
  wrong[*rc::gen::inRange<size_t>(0, 32)] ^= static_cast<uint8_t>(1 << *rc::gen::inRange(0, 8));
  RC_ASSERT(!verify_inclusion(wrong, index, size, path, tree.roots[size]));
  RC_ASSERT(!verify_inclusion(tree.leaves[index], index, size, path, wrong));
  Path longer = path;
  longer.push_back(wrong);
  RC_ASSERT(!verify_inclusion(tree.leaves[index], index, size, longer, tree.roots[size]));
  if (path.empty()) return;
  Path changed = path;
  changed[*rc::gen::inRange<size_t>(0, path.size())][0] ^= 1;
  RC_ASSERT(!verify_inclusion(tree.leaves[index], index, size, changed, tree.roots[size]));
  path.pop_back();
  RC_ASSERT(!verify_inclusion(tree.leaves[index], index, size, path, tree.roots[size]));
}

// A log that rewrites a record cannot prove that the new tree continues the old one.
RC_GTEST_PROP(MerkleProperty, ARewrittenHistoryIsNotConsistent, ()) {
  auto size = *rc::gen::inRange<size_t>(2, 200);
  auto old = *rc::gen::inRange<size_t>(1, size);
  auto rewritten = *rc::gen::inRange<size_t>(0, old);
  WholeTree honest = tree_of(old), forged;
  for (size_t i = 0; i < size; ++i) {
    forged.append(leaf_hash(i == rewritten ? "forged" : "leaf " + std::to_string(i)));
  }
  Path path = *consistency_path(old, size, forged.finder());
  RC_ASSERT(!verify_consistency(old, honest.roots[old], size, forged.roots[size], path));
}

}  // namespace
}  // namespace ducat::kernel::merkle
