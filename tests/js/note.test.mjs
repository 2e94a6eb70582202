import assert from "node:assert/strict";
import { test } from "node:test";

import { toHex } from "../../static/js/verify/bytes.js";
import { Broken } from "../../static/js/verify/errors.js";
import { importKey, readCheckpoint, readKey, readNote, signersOf } from "../../static/js/verify/note.js";

// The example in the documentation of Go's golang.org/x/mod/sumdb/note, where the form comes from.
const KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
const NOTE = `${TEXT}\n\u2014 PeterNeumann ${SIGNATURE}\n`;
const WITNESS = "\u2014 witness.example AAAAAAAAAAAA\n";
const CHECKPOINT = `example.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 PeterNeumann ${SIGNATURE}\n`;

async function imported() {
  const key = readKey(KEY);
  await importKey(key);
  return key;
}

test("a public key is read in its one form", () => {
  assert.equal(toHex(readKey(KEY).publicKey), "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6");
  const wrong = [
    KEY.replace("c74f20a3", "c74f20a4"), KEY.replace("c74f20a3", "C74F20A3"), KEY.replace("PeterNeumann", "Peter Neumann"),
    KEY.replace("10TW", "10TX"), `${KEY}\n`, `${KEY}=`, KEY.slice(0, -4), KEY.replace("+ARpc", "+Arpc"), "", "a+b", null, 7,
  ];
  for (const text of wrong) assert.equal(readKey(text), null, String(text));
});

test("the note of Go's documentation is signed by its key", async () => {
  const key = await imported();
  const note = readNote(NOTE);
  assert.equal(note.text, TEXT);
  assert.deepEqual(await signersOf(note, [key]), [key]);
});

test("a signature over another text, or another signature, is refused", async () => {
  const key = await imported();
  for (const note of [NOTE.replace("problem,", "problem."), NOTE.replace("ZJkuBS", "ZJkuBT")]) {
    await assert.rejects(signersOf(readNote(note), [key]), Broken);
  }
});

test("witnesses' signatures are passed over, and alone they are none", async () => {
  const key = await imported();
  assert.deepEqual(await signersOf(readNote(NOTE + WITNESS), [key]), [key]);
  assert.deepEqual(await signersOf(readNote(`${TEXT}\n${WITNESS}`), [key]), []);
});

test("what isn't in the form of a note is refused", () => {
  const wrong = [
    "", TEXT, NOTE.slice(0, -1), `${NOTE}\n`, `${NOTE}more`, NOTE.replace("\u2014", "-"), NOTE.replace("\n\n", "\n"),
    NOTE.replace("then", "then\t"), NOTE.replace("answer", "answer\r"), NOTE.replace("wJnAM=", "wJnAN="), NOTE.replace("AM=", "AM"),
    NOTE.replace("PeterNeumann", "Peter+Neumann"), `${TEXT}\n\u2014 a AAAAAA==\n`, `\n\n\u2014 PeterNeumann ${SIGNATURE}\n`.slice(1),
  ];
  for (const note of wrong) assert.throws(() => readNote(note), Broken, JSON.stringify(note));
});

test("a checkpoint is three lines", () => {
  const { origin, size, root } = readCheckpoint(CHECKPOINT);
  assert.deepEqual([origin, size, root.length], ["example.org/log", 20852163, 32]);
  const wrong = [
    CHECKPOINT.replace("20852163", "020852163"), CHECKPOINT.replace("20852163", "+1"), CHECKPOINT.replace("20852163", "1e3"),
    CHECKPOINT.replace("20852163", "9007199254740993"), CHECKPOINT.replace("20852163", ""), CHECKPOINT.replace("2I=", "2J="),
    CHECKPOINT.replace("CsUYapGG", "CsUY"), CHECKPOINT.replace("\n\n", "\nmore\n\n"), CHECKPOINT.replace("example.org/log", ""), NOTE,
  ];
  for (const note of wrong) assert.throws(() => readCheckpoint(note), Broken, JSON.stringify(note));
});
