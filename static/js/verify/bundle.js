// Verify a bundle, countersign-bundle/1, from its first byte to its last. The answer is one of
//   { verdict: "holds", facts }               everything that the bundle claims follows from what is signed
//   { verdict: "broken", problem, where }     the first thing that doesn't hold
//   { verdict: "unusable", problem }          nothing could be said: a wrong key, a wrong file, an old browser

import { concat, equal, textOf, toHex } from "./bytes.js";
import { hasExactly, isObject } from "./canonical.js";
import { Chain, readChain } from "./chain.js";
import { openContainer, readMember } from "./container.js";
import { Broken, Unusable, need } from "./errors.js";
import { isTime } from "./leaf.js";
import { at, lines, objectWith } from "./lines.js";
import { readCheckpoint } from "./note.js";
import { Sha256 } from "./sha256.js";
import { Walk } from "./walk.js";

const FORMAT = "countersign-bundle/1";
const EXPORT_MADE = "audit:export:made/2";
const MANIFEST = ["agency", "entries", "exported_at", "exported_by", "files", "filters", "format", "origin", "size"];
const LONGEST_MANIFEST = (1 << 26) - 1; // it names every record; with its newline, 64 MiB
const KEPT = "the checkpoint that you kept";
const [KEYS_FILE, CHECKPOINTS, ENTRIES, MANIFEST_FILE, CLOSING, CLOSING_NOTE] =
  ["keys.jsonl", "checkpoints.jsonl", "entries.jsonl", "manifest.json", "closing.jsonl", "closing.txt"];

/**
 * Verify what a source (see container.js) holds. `checkpoint` is the note that somebody kept; `keys` are public keys that came
 * from elsewhere; `progress` is told { done, of, leaves, shown }, in bytes and entries, about once for each MiB.
 */
export async function verifyBundle(source, { checkpoint = null, keys = [], progress = () => {} } = {}) {
  try {
    return { verdict: "holds", facts: await new Verification(source, { checkpoint, keys, progress }).facts() };
  } catch (error) {
    if (error instanceof Broken) return { verdict: "broken", problem: error.message, where: error.where };
    if (error instanceof Unusable) return { verdict: "unusable", problem: error.message };
    throw error;
  }
}

class Verification {
  constructor(source, { checkpoint, keys, progress }) {
    this.source = source;
    this.checkpoint = checkpoint;
    this.given = keys;
    this.progress = progress;
    this.done = 0;
    this.files = []; // what has been read, as the manifest must name it
    new Chain(keys); // refuses a key that isn't one before anything is read
  }

  async facts() {
    this.members = await openContainer(this.source);
    await this.readPapers();
    await this.walkEntries();
    await this.readFurther();
    await this.readManifest();
    await this.walkClosing();
    await this.readClosingNote();
    return this.told();
  }

  async readPapers() {
    await this.skip(this.members[0].name);
    await this.skip(this.members[1].name);
    this.chain = await readChain(this.lines(KEYS_FILE), this.given);
    this.kept = this.checkpoint === null ? null : this.readKept();
    await this.chain.trust(this.kept, KEPT);
    this.checkpoints = await this.readCheckpoints();
  }

  readKept() {
    let kept;
    try {
      kept = readCheckpoint(this.checkpoint, KEPT);
    } catch {
      throw new Unusable("What you kept isn't a checkpoint. Give it whole, from the log's name to the end of the signature.");
    }
    return { ...kept, where: KEPT };
  }

  async readCheckpoints() {
    const checkpoints = [];
    await this.eachLine(CHECKPOINTS, async (line, where) => {
      const { note, signed_at: signedAt } = objectWith(["note", "signed_at"], line, where);
      need(isTime(signedAt), "A checkpoint has the time of its signature", where);
      const checkpoint = readCheckpoint(note, where);
      await this.chain.signers(checkpoint, where);
      need(checkpoint.size > (checkpoints.at(-1)?.size ?? -1), "The checkpoints aren't in the order of their sizes", where);
      checkpoints.push({ size: checkpoint.size, root: checkpoint.root, where });
    });
    return checkpoints;
  }

  async walkEntries() {
    const records = this.members.map(({ name }) => name).filter((name) => name.startsWith("records/"));
    this.walk = new Walk({ checkpoints: this.checkpoints, kept: this.kept, records: records.map((name) => name.slice(8, 72)) });
    await this.eachLine(ENTRIES, (line, where) => this.walk.take(line, where));
    this.walk.endEntries();
    this.size = this.walk.size;
    this.shown = this.walk.shown;
    this.records = records.length;
  }

  async readFurther() {
    const stamps = new Set(this.checkpoints.map(({ size }) => `stamps/${size}.tsr`));
    for (const { name } of this.members.slice(5, -3)) {
      const hash = await this.skip(name);
      need(!name.startsWith("stamps/") || stamps.has(name), "There is no checkpoint to which this time stamp could belong", name);
      need(!name.startsWith("records/") || name === `records/${hash}.json`, "The record isn't the one that its name says", name);
    }
  }

  async readManifest() {
    const found = [...this.files]; // all that stand before it
    const all = [];
    await this.eachLine(MANIFEST_FILE, (line, where) => all.push(objectWith(MANIFEST, line, where)));
    need(all.length === 1, "The manifest is one line", MANIFEST_FILE);
    [this.manifest] = all;
    this.manifestHash = this.files.at(-1).sha256;
    this.checkManifest(this.manifest);
    this.checkFiles(this.manifest.files, found);
  }

  checkManifest({ agency, entries, exported_at: exportedAt, exported_by: by, filters, format, origin, size }) {
    const isId = (value) => value === null || typeof value === "number";
    need(format === FORMAT, `The bundle isn't of the format ${FORMAT}`, MANIFEST_FILE);
    need(origin === this.chain.origin, "The manifest names another log than the keys", MANIFEST_FILE);
    need(size === this.size, `The manifest speaks of ${size} entries in the log; there are ${this.size}`, MANIFEST_FILE);
    need(entries === this.shown, `The manifest speaks of ${entries} entries shown; there are ${this.shown}`, MANIFEST_FILE);
    need(isId(agency) && isId(by) && isTime(exportedAt) && isObject(filters), "The manifest isn't in its form", MANIFEST_FILE);
  }

  checkFiles(named, found) {
    need(Array.isArray(named) && named.length === found.length, "The manifest doesn't name every file", MANIFEST_FILE);
    named.forEach((one, index) => {
      const file = found[index];
      need(hasExactly(one, ["bytes", "name", "sha256"]) && one.name === file.name, "The manifest names other files", MANIFEST_FILE);
      need(one.bytes === file.bytes && one.sha256 === file.sha256, "The file isn't the one that the manifest names", file.name);
    });
  }

  async walkClosing() {
    const made = [];
    await this.eachLine(CLOSING, (line, where) => {
      const entry = this.walk.take(line, where);
      if (!entry) return;
      need(entry.leaf.kind === EXPORT_MADE && entry.payload, "Only the entry of this export stands here", where);
      need(entry.payload.manifest_sha256 === this.manifestHash, "The log records another export than this one", where);
      made.push(entry);
    });
    need(made.length === 1, `The log records this export ${made.length} times`, CLOSING);
  }

  async readClosingNote() {
    let whole = new Uint8Array();
    for await (const bytes of this.slices(CLOSING_NOTE)) whole = concat(whole, bytes);
    this.closing = readCheckpoint(textOf(whole), CLOSING_NOTE);
    need(this.closing.note.signatures.length === 1, "The closing checkpoint has one signature", CLOSING_NOTE);
    [this.signer] = await this.chain.signers(this.closing, CLOSING_NOTE);
    need(this.signer.trusted, this.distrust(), CLOSING_NOTE);
    need(this.closing.size === this.walk.size, `It signs ${this.closing.size} entries; the bundle ends at ${this.walk.size}`, CLOSING_NOTE);
    need(equal(this.closing.root, this.walk.tree.root()), "The entries don't give the root that it signs", CLOSING_NOTE);
    this.compareKept();
  }

  distrust() {
    if (this.given.length) return `It is signed by the key ${this.signer.id}, which isn't one that you gave nor one that it handed over to`;
    return this.kept
      ? `It is signed by the key ${this.signer.id}, to which no key that signed your checkpoint handed over`
      : `It is signed by the key ${this.signer.id}, to which the first key in the bundle didn't hand over`;
  }

  compareKept() {
    if (!this.kept || this.walk.keptFound) return;
    const { size } = this.kept;
    const { size: end } = this.closing;
    need(size <= end, `The log was cut back, or this is an older copy: you kept a checkpoint over ${size} entries, and this ends at ${end}`, KEPT);
    throw new Broken(
      `This bundle can't be compared with the checkpoint that you kept, as it doesn't show where the first ${size} entries end; ` +
      `ask for the consistency proof from size ${size} to size ${end}`, KEPT);
  }

  told() {
    const { agency, exported_at: exportedAt, exported_by: exportedBy, filters, origin } = this.manifest;
    return {
      origin, agency, exportedAt, exportedBy, filters,
      shown: this.shown, size: this.size, erased: this.walk.erased, records: this.records,
      checkpoints: this.checkpoints.length, closingSize: this.closing.size, root: toHex(this.closing.root),
      key: this.signer.text, keyId: this.signer.id, keyGiven: this.given.length > 0, kept: this.kept?.size ?? null,
    };
  }

  // How a member is read: once, in its place, with its hash kept for the manifest.

  async *slices(name) {
    const member = this.members[this.files.length];
    const hasher = new Sha256();
    for await (const bytes of readMember(this.source, member)) {
      hasher.update(bytes);
      yield bytes;
      this.done += bytes.length;
      this.progress({ done: this.done, of: this.source.size, leaves: this.walk?.size ?? 0, shown: this.walk?.shown ?? 0 });
    }
    this.files.push({ bytes: member.size, name, sha256: toHex(hasher.digest()) });
  }

  lines(name) {
    return lines(this.slices(name), name, name === MANIFEST_FILE ? LONGEST_MANIFEST : undefined);
  }

  async eachLine(name, take) {
    let number = 0;
    for await (const batch of this.lines(name)) {
      for (const line of batch) {
        const taken = take(line, at(name, (number += 1)));
        if (taken instanceof Promise) await taken;
      }
    }
  }

  /** Read a member whose bytes say nothing to the verifier; return its hash. */
  async skip(name) {
    for await (const bytes of this.slices(name)) void bytes;
    return this.files.at(-1).sha256;
  }
}
