// The Merkle tree of RFC 6962 (section 2.1) and its proofs (RFC 9162, sections 2.1.3 and 2.1.4). Sizes are plain numbers, exact
// up to 2^53, so halves are taken by division: the bit operators know 32 bits only.

import { equal } from "./bytes.js";
import { sha256 } from "./sha256.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const isOdd = (n) => n % 2 === 1;
const half = (n) => Math.floor(n / 2);

export const leafHash = (bytes) => sha256(LEAF, bytes);
export const nodeHash = (left, right) => sha256(NODE, left, right);

/** A tree that grows at its right edge. `subtrees` are the complete ones, left to right: one for every one in its size. */
export class Frontier {
  constructor() {
    this.size = 0;
    this.subtrees = [];
  }

  /** Whether a complete subtree of this height can stand next: it begins at a multiple of its size. */
  fits(height) {
    return Number.isSafeInteger(this.size + 2 ** height) && this.size % 2 ** height === 0;
  }

  /** Add a complete subtree by its root; a leaf is one of height 0. Equal neighbours merge. */
  append(hash, height = 0) {
    if (!this.fits(height)) throw new RangeError("a subtree begins at a multiple of its size");
    let node = hash;
    for (let count = this.size / 2 ** height; isOdd(count); count = half(count)) node = nodeHash(this.subtrees.pop(), node);
    this.subtrees.push(node);
    this.size += 2 ** height;
  }

  /** Return the root over all leaves so far; that of none is the hash of nothing. */
  root() {
    if (!this.subtrees.length) return sha256();
    return this.subtrees.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** Whether the path proves that the leaf stands at this index of the tree of this size and root (RFC 9162, 2.1.3.2). */
export function provesInclusion({ index, size, leaf, path, root }) {
  if (index >= size) return false;
  let [at, last, node] = [index, size - 1, leaf];
  for (const other of path) {
    if (last === 0) return false;
    const fromLeft = isOdd(at) || at === last;
    node = fromLeft ? nodeHash(other, node) : nodeHash(node, other);
    while (fromLeft && !isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equal(node, root);
}

/** Whether the path proves that the first tree is the beginning of the second (RFC 9162, 2.1.4.2). */
export function provesConsistency({ first, second, firstRoot, secondRoot, path }) {
  if (first > second) return false;
  if (first === second) return path.length === 0 && equal(firstRoot, secondRoot);
  if (first === 0) return path.length === 0 && equal(firstRoot, sha256());
  let [at, last] = [first - 1, second - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A first tree that is one complete subtree is itself where the path begins.
  const [start, ...rest] = at === 0 ? [firstRoot, ...path] : path;
  if (!start) return false;
  return climb({ at, last, start, rest, firstRoot, secondRoot });
}

function climb({ at, last, start, rest, firstRoot, secondRoot }) {
  let [older, newer] = [start, start];
  for (const other of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      [older, newer] = [nodeHash(other, older), nodeHash(other, newer)];
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newer = nodeHash(newer, other);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equal(older, firstRoot) && equal(newer, secondRoot);
}
