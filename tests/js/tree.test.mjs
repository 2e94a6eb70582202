import assert from "node:assert/strict";
import { test } from "node:test";

import { fromHex, toHex, utf8 } from "../../static/js/verify/bytes.js";
import { Frontier, leafHash, nodeHash, provesConsistency, provesInclusion } from "../../static/js/verify/tree.js";

// The leaves and roots by which implementations of RFC 6962 have been tested since the first, Certificate Transparency's own.
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const MANY = 33;
const hashes = Array.from({ length: MANY }, (_, index) => leafHash(utf8(`leaf ${index}`)));

// RFC 6962, 2.1, to the letter: slow, recursive, and nothing that the code under test does.
const split = (size) => 2 ** Math.floor(Math.log2(size - 1));
function root(leaves) {
  if (leaves.length <= 1) return leaves[0] ?? fromHex(ROOTS[0]);
  const k = split(leaves.length);
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)));
}
function inclusion(index, leaves) {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusion(index, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...inclusion(index - k, leaves.slice(k)), root(leaves.slice(0, k))];
}
function consistency(first, leaves, whole = true) {
  if (first === leaves.length) return whole ? [] : [root(leaves)];
  const k = split(leaves.length);
  return first <= k
    ? [...consistency(first, leaves.slice(0, k), whole), root(leaves.slice(k))]
    : [...consistency(first - k, leaves.slice(k), false), root(leaves.slice(0, k))];
}
const altered = (bytes) => bytes.map((byte, at) => (at ? byte : byte ^ 1));
const without = (path, at) => path.filter((_, index) => index !== at);
const changed = (path, at) => path.map((node, index) => (index === at ? altered(node) : node));

test("the roots of RFC 6962", () => {
  const tree = new Frontier();
  assert.equal(toHex(tree.root()), ROOTS[0]);
  LEAVES.forEach((leaf, index) => {
    tree.append(leafHash(fromHex(leaf)));
    assert.equal(toHex(tree.root()), ROOTS[index + 1]);
  });
});

test("a tree of complete subtrees, cut anyhow, has the root of its leaves", () => {
  for (let size = 1; size <= MANY; size += 1) {
    for (const most of [0, 1, 2, 5]) {
      const tree = new Frontier();
      while (tree.size < size) {
        let height = most;
        while (!tree.fits(height) || tree.size + 2 ** height > size) height -= 1;
        tree.append(root(hashes.slice(tree.size, tree.size + 2 ** height)), height);
      }
      assert.deepEqual(tree.root(), root(hashes.slice(0, size)));
    }
  }
});

test("a subtree stands only at a multiple of its size, also beyond 2^32", () => {
  const tree = new Frontier();
  tree.append(hashes[0], 40);
  assert.ok(tree.fits(40) && tree.fits(3) && !tree.fits(41) && !tree.fits(53));
  assert.throws(() => tree.append(hashes[0], 41), RangeError);
  tree.append(hashes[1], 40);
  assert.equal(tree.subtrees.length, 1);
  assert.deepEqual(tree.root(), nodeHash(hashes[0], hashes[1]));
});

test("inclusion is proved by the right path and by no other", () => {
  for (let size = 1; size <= MANY; size += 1) {
    const leaves = hashes.slice(0, size);
    for (let index = 0; index < size; index += 1) {
      const claim = { index, size, leaf: leaves[index], path: inclusion(index, leaves), root: root(leaves) };
      assert.ok(provesInclusion(claim));
      const wrong = [
        { index: index + size }, { leaf: altered(claim.leaf) }, { root: altered(claim.root) },
        { path: [...claim.path, claim.root] }, ...claim.path.map((_, at) => ({ path: without(claim.path, at) })),
        ...claim.path.map((_, at) => ({ path: changed(claim.path, at) })),
      ];
      for (const one of wrong) assert.ok(!provesInclusion({ ...claim, ...one }));
    }
  }
});

test("consistency is proved by the right path and by no other", () => {
  for (let second = 1; second <= MANY; second += 1) {
    const leaves = hashes.slice(0, second);
    for (let first = 1; first <= second; first += 1) {
      const path = consistency(first, leaves);
      const claim = { first, second, firstRoot: root(leaves.slice(0, first)), secondRoot: root(leaves), path };
      assert.ok(provesConsistency(claim), `${first} ${second}`);
      const wrong = [
        { first: second + 1 }, { firstRoot: altered(claim.firstRoot) }, { secondRoot: altered(claim.secondRoot) },
        { path: [...path, claim.firstRoot] }, ...path.map((_, at) => ({ path: without(path, at) })),
        ...path.map((_, at) => ({ path: changed(path, at) })),
      ];
      for (const one of wrong) assert.ok(!provesConsistency({ ...claim, ...one }), `${first} ${second} ${Object.keys(one)}`);
    }
  }
});
