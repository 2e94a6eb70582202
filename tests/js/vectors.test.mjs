// The vectors that the other verifier's makers publish, tests/vectors/audit; bundles.json is gone through by test_verify_javascript.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromHex, textOf, toHex, utf8 } from "../../static/js/verify/bytes.js";
import { parse, serialise } from "../../static/js/verify/canonical.js";
import { Broken } from "../../static/js/verify/errors.js";
import { checkLeaf } from "../../static/js/verify/leaf.js";
import { importKey, readKey, readNote, signersOf } from "../../static/js/verify/note.js";
import { sha256 } from "../../static/js/verify/sha256.js";
import { Frontier, leafHash, provesConsistency, provesInclusion } from "../../static/js/verify/tree.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/audit/${name}.json`, import.meta.url)));

test("the tree's hashes, roots and proofs", () => {
  const { leaves, leaf_hashes: hashes, roots, inclusion, consistency } = vectors("tree");
  const tree = new Frontier();
  assert.equal(toHex(tree.root()), roots[0]);
  leaves.forEach((leaf, index) => {
    assert.equal(toHex(leafHash(fromHex(leaf))), hashes[index]);
    tree.append(fromHex(hashes[index]));
    assert.equal(toHex(tree.root()), roots[index + 1]);
  });
  for (const { index, size, proof } of inclusion) {
    const claim = { index, size, leaf: fromHex(hashes[index]), path: proof.map(fromHex), root: fromHex(roots[size]) };
    assert.ok(provesInclusion(claim));
    assert.ok(!provesInclusion({ ...claim, leaf: claim.root.map((byte) => byte ^ 1) }));
  }
  for (const { older, newer, proof } of consistency) {
    const [firstRoot, secondRoot] = [fromHex(roots[older]), fromHex(roots[newer])];
    assert.ok(provesConsistency({ first: older, second: newer, firstRoot, secondRoot, path: proof.map(fromHex) }));
  }
});

for (const { case: what, key: text, note, ok } of vectors("notes")) {
  test(`a note is ${ok ? "signed" : "refused"}: ${what}`, async () => {
    const key = readKey(text);
    await importKey(key);
    const signed = async () => (await signersOf(readNote(note), [key])).length > 0;
    assert.equal(await signed().catch((error) => (error instanceof Broken ? false : Promise.reject(error))), ok);
  });
}

test("entries: what is hashed, and what they commit to", () => {
  for (const entry of vectors("entries")) {
    const leaf = fromHex(entry.leaf_canonical);
    assert.equal(serialise(entry.leaf), textOf(leaf));
    assert.deepEqual(parse(textOf(leaf)), entry.leaf);
    assert.equal(toHex(leafHash(leaf)), entry.leaf_hash);
    checkLeaf(entry.leaf);
    if (!entry.payload) continue;
    const payload = serialise(entry.payload);
    assert.equal(toHex(utf8(payload)), entry.payload_canonical);
    assert.equal(toHex(sha256(fromHex(entry.salt), utf8(payload))), entry.commitment);
  }
});
