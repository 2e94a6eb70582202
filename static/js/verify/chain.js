// The log's public keys, oldest first, and which of them are trusted: those that were brought from elsewhere (without any: those that
// signed the checkpoint that was kept; without that: the first in the bundle), and each to which a trusted one handed over.

import { Unusable, need } from "./errors.js";
import { at, objectWith } from "./lines.js";
import { checkHandover, importKey, readKey, signersOf } from "./note.js";

const FILE = "keys.jsonl";

export class Chain {
  /** `given` are published keys that the person who verifies brings along. */
  constructor(given = []) {
    this.keys = [];
    this.given = given.map((text) => {
      const key = readKey(text);
      if (!key) throw new Unusable("A key that was given isn't one: it reads name+8 digits+base64. Copy it whole.");
      return key.text;
    });
  }

  get origin() {
    return this.keys[0].name;
  }

  async add(line, where) {
    const { handover, key: text } = objectWith(["handover", "key"], line, where);
    const key = readKey(text);
    need(key, "This isn't a public key", where);
    await importKey(key);
    const previous = this.keys.at(-1);
    need(!previous || key.name === this.origin, "The keys aren't all of one log", where);
    need(this.keys.every((one) => one.text !== text), "The key is there twice", where);
    need(previous || handover === null, "The first key can't have been handed over to", where);
    if (handover !== null) await checkHandover(handover, { previous, next: key }, where);
    key.handed = handover !== null;
    this.keys.push(key);
  }

  /** Say which keys are trusted, once all of them are known; `kept` is the checkpoint that somebody kept, if any. */
  async trust(kept, where) {
    const signers = kept ? await this.signers(kept, where) : this.keys.slice(0, 1);
    const first = this.given.length ? this.keys.filter(({ text }) => this.given.includes(text)) : signers;
    this.keys.forEach((key, at) => {
      key.trusted = first.includes(key) || (key.handed && this.keys[at - 1].trusted);
    });
  }

  /** Return the keys of the log that signed a checkpoint of it; there must be one. */
  async signers({ origin, note }, where) {
    need(origin === this.origin, `The checkpoint is of another log, ${origin}`, where);
    const signers = await signersOf(note, this.keys, where);
    need(signers.length, "The checkpoint isn't signed by a key of the log", where);
    return signers;
  }
}

export async function readChain(batches, given) {
  const chain = new Chain(given);
  let number = 0;
  for await (const batch of batches) {
    for (const line of batch) await chain.add(line, at(FILE, (number += 1)));
  }
  need(chain.keys.length, "The bundle holds no key", FILE);
  return chain;
}
