import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { crc32 as zlibs } from "node:zlib";

import { toHex, utf8 } from "../../static/js/verify/bytes.js";
import { crc32 } from "../../static/js/verify/crc32.js";
import { Sha256, sha256 } from "../../static/js/verify/sha256.js";

// NIST, Cryptographic Standards and Guidelines, example values for SHA-256; FIPS 180-2, appendix B.
const NIST = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"],
  ["abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];

test("SHA-256 of NIST's examples", () => {
  for (const [text, hash] of NIST) assert.equal(toHex(sha256(utf8(text))), hash);
});

test("SHA-256 of every length up to ten blocks, in pieces of any length, is Node's own", () => {
  const bytes = new Uint8Array(randomBytes(640));
  for (let length = 0; length <= bytes.length; length += 1) {
    const hasher = new Sha256();
    for (let at = 0, step = (length % 97) + 1; at < length; at += step) hasher.update(bytes.subarray(at, Math.min(at + step, length)));
    assert.equal(toHex(hasher.digest()), createHash("sha256").update(bytes.subarray(0, length)).digest("hex"));
  }
});

test("the length of a message of more than 2^32 bits is right", () => {
  const mebibyte = new Uint8Array(1 << 20);
  const [own, nodes] = [new Sha256(), createHash("sha256")];
  for (let n = 0; n < 513; n += 1) {
    own.update(mebibyte);
    nodes.update(mebibyte);
  }
  assert.equal(toHex(own.digest()), nodes.digest("hex"));
});

test("CRC-32 of every length, in two pieces, is zlib's", () => {
  const bytes = new Uint8Array(randomBytes(70));
  for (let length = 0; length <= bytes.length; length += 1) {
    const [first, second] = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1, length)];
    assert.equal(crc32(second, crc32(first)), zlibs(bytes.subarray(0, length)));
  }
});
