// Signed notes (C2SP signed-note), the checkpoints (C2SP tlog-checkpoint) and handovers that are written as such, and the public
// keys by which they are checked. The arithmetic of Ed25519 is the browser's own.

import { equal, fromBase64, isHex, toHex, utf8 } from "./bytes.js";
import { Unusable, need } from "./errors.js";
import { sha256 } from "./sha256.js";

const ED25519 = 0x01;
const DECIMAL = /^(0|[1-9][0-9]*)$/;
const NAME = /^[!-*,-~]{1,200}$/; // ASCII that is seen, without the plus sign
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const SIGNATURE = /^\u2014 (\S+) (\S+)$/u;
const LONGEST = 1 << 14; // bytes of UTF-8
const HANDOVER = "countersign-handover/1";

export const UNABLE =
  "This browser can't check Ed25519 signatures. Use a newer one (Chrome or Edge 137, Firefox 129, Safari 17 or later), " +
  "or verify with Python: python verify.py BUNDLE.";

/** Return { name, id, publicKey, text } of a public key as it is published: name+id+base64; null where it isn't one. */
export function readKey(text) {
  const parts = typeof text === "string" ? text.match(/^([^+]*)\+([^+]*)\+(.*)$/u) : null;
  if (!parts) return null;
  const [, name, id, encoded] = parts;
  const bytes = fromBase64(encoded);
  if (!NAME.test(name) || !isHex(id, 8) || bytes?.length !== 33 || bytes[0] !== ED25519) return null;
  return id === toHex(keyId(name, bytes)) ? { name, id, publicKey: bytes.subarray(1), text } : null;
}

/** Hand a key to the browser; this is where it turns out whether it knows Ed25519. */
export async function importKey(key) {
  try {
    key.imported = await crypto.subtle.importKey("raw", key.publicKey, "Ed25519", false, ["verify"]);
  } catch {
    throw new Unusable(UNABLE);
  }
}

const keyId = (name, typeAndKey) => sha256(utf8(`${name}\n`), typeAndKey).subarray(0, 4);

/** Split a note into its text and signatures: { text, signatures: [{ name, id, bytes }] }. */
export function readNote(note, where) {
  need(typeof note === "string", "This isn't a signed note", where);
  const end = note.lastIndexOf("\n\n");
  need(utf8(note).length <= LONGEST, "A note is longer than any", where);
  need(end > 0 && note.endsWith("\n") && !CONTROL.test(note), "This isn't a signed note", where);
  const signatures = note.slice(end + 2, -1).split("\n").map((line) => readSignature(line, where));
  return { text: note.slice(0, end + 1), signatures };
}

function readSignature(line, where) {
  const [, name, encoded] = line.match(SIGNATURE) ?? [];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  need(bytes !== null && bytes.length > 4 && NAME.test(name), "A signature line isn't in its form", where);
  return { name, id: toHex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
}

/** Return what a checkpoint says, { origin, size, root }, and the note that says it. */
export function readCheckpoint(text, where) {
  const note = readNote(text, where);
  const [origin, size, encoded, ...rest] = note.text.split("\n");
  const root = fromBase64(encoded ?? "");
  const formed = origin && DECIMAL.test(size) && Number.isSafeInteger(Number(size)) && root?.length === 32 && equal(rest, [""]);
  need(formed, "This isn't a checkpoint: its text is an origin, a size and a root, each on a line", where);
  return { origin, size: Number(size), root, note };
}

/** Refuse a handover that doesn't name the next key or that the previous one, alone, didn't sign. */
export async function checkHandover(text, { previous, next }, where) {
  const note = readNote(text, where);
  need(note.text === `${HANDOVER}\n${next.name}\n${next.text}\n`, "The handover doesn't name this key", where);
  need(note.signatures.length === 1, "A handover has one signature", where);
  const signers = await signersOf(note, [previous], where);
  need(signers.length === 1, "The handover isn't signed by the key before", where);
}

/** Return those of the keys that signed a note; a false signature in the name of one of them is refused. */
export async function signersOf(note, keys, where) {
  const signers = [];
  for (const { name, id, bytes } of note.signatures) {
    const known = keys.filter((key) => key.name === name && key.id === id);
    if (!known.length) continue; // a witness
    const signer = await firstThatSigned(known, bytes, utf8(note.text));
    need(signer, `The signature of ${name} doesn't fit the text`, where);
    signers.push(signer);
  }
  return signers;
}

async function firstThatSigned(keys, signature, message) {
  for (const key of keys) if (await isSignedBy(key, signature, message)) return key;
  return null;
}

async function isSignedBy(key, signature, message) {
  if (signature.length !== 64) return false;
  return crypto.subtle.verify("Ed25519", key.imported, signature, message);
}
