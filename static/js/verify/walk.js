// The walk over the leaves, from the first to the last: each is an entry that is shown or lies in a hidden range of which only the
// hash is given. The tree that grows on the way must have the signed root at the size of every checkpoint.

import { equal, fromHex, isHex, toHex, utf8 } from "./bytes.js";
import { isObject } from "./canonical.js";
import { need } from "./errors.js";
import { checkLeaf, isUid } from "./leaf.js";
import { readLine } from "./lines.js";
import { sha256 } from "./sha256.js";
import { Frontier, leafHash } from "./tree.js";

const ERASED = "audit:payload:erased/1";
const SHARDS = 64; // one Set holds at most 2^24 keys

/** The uids seen so far, sixteen bytes each. */
class Uids {
  constructor() {
    this.shards = Array.from({ length: SHARDS }, () => new Set());
  }

  /** Whether it is new. */
  add(uid) {
    const digits = uid.replaceAll("-", "");
    const shard = this.shards[Number.parseInt(digits.slice(0, 2), 16) % SHARDS];
    const before = shard.size;
    let key = "";
    for (let at = 0; at < 32; at += 4) key += String.fromCharCode(Number.parseInt(digits.slice(at, at + 4), 16));
    return shard.add(key).size > before;
  }
}

export class Walk {
  /**
   * `checkpoints` are { size, root, where } in ascending order; `kept` is the same of the checkpoint that somebody kept, or null;
   * `records` are the hashes by which entries must name the files that the bundle brings along.
   */
  constructor({ checkpoints, kept, records }) {
    this.tree = new Frontier();
    this.checkpoints = checkpoints;
    this.reached = 0;
    this.kept = kept;
    this.keptFound = false;
    this.unnamed = new Set(records);
    this.uids = new Uids();
    this.erasures = new Map(); // the erasing entry's uid: [{ uid, where }] that it is said to have erased
    this.shown = 0;
    this.erased = 0;
    this.hiddenBefore = null; // { index, height }, unless an entry or a checkpoint stands between
    this.compare();
  }

  get size() {
    return this.tree.size;
  }

  /** Take a line; return the entry that it shows, { leaf, payload }, or null where it hides some. */
  take(line, where) {
    const { value, texts } = readLine(line, where);
    const entry = "height" in value ? this.hide(value, where) : this.show(value, texts, where);
    this.compare();
    return entry;
  }

  hide(value, where) {
    const { hash, height, index } = value;
    need(Object.keys(value).length === 3 && isHex(hash, 64) && Number.isInteger(height) && height >= 0 && height < 53,
      "A hidden range holds exactly hash, height and index", where);
    this.checkIndex(index, where);
    need(this.tree.fits(height), "A hidden range begins at a multiple of its length", where);
    need(!this.couldBeOne(index, height), "This hidden range and the one before it should be one", where);
    this.tree.append(fromHex(hash), height);
    this.hiddenBefore = { index, height };
    return null;
  }

  /** Whether this range and the one before are the halves of one subtree. A range is cut at the size of a checkpoint alone. */
  couldBeOne(index, height) {
    const before = this.hiddenBefore;
    return before !== null && before.height === height && before.index % 2 ** (height + 1) === 0;
  }

  show(value, texts, where) {
    const leaf = value.entry;
    this.checkIndex(value.index, where);
    checkLeaf(leaf, where);
    need(this.uids.add(leaf.uid), `The entry ${leaf.uid} is there twice`, where);
    const payload = this.payloadOf(value, texts, where);
    if (payload) this.read(leaf, payload, where);
    this.tree.append(leafHash(utf8(texts.entry)));
    this.hiddenBefore = null;
    this.shown += 1;
    return { leaf, payload };
  }

  checkIndex(index, where) {
    need(index === this.size, `The leaf ${this.size} should stand here`, where);
  }

  /** Return the payload of a shown entry, or null of one whose payload was erased. */
  payloadOf(value, texts, where) {
    const shape = Object.keys(texts).join();
    if (value.entry.version === 1) {
      need(shape === "entry,index", "A line of version 1 holds exactly entry and index", where);
      return value.entry.payload;
    }
    if (shape === "entry,erased_by,index") return this.expectErasure(value, where);
    need(shape === "entry,index,payload,salt", "An entry stands without its payload, and nothing says that it was erased", where);
    return this.committed(value, texts, where);
  }

  committed({ entry, payload, salt }, texts, where) {
    need(isObject(payload) && isHex(salt, 32), "The payload or its salt isn't in its form", where);
    const commitment = toHex(sha256(fromHex(salt), utf8(texts.payload)));
    need(commitment === entry.commitment, "The payload isn't the one that the entry commits to", where);
    return payload;
  }

  expectErasure({ entry, erased_by: by }, where) {
    need(isUid(by), "What erased the payload isn't named by a uid", where);
    if (!this.erasures.has(by)) this.erasures.set(by, []);
    this.erasures.get(by).push({ uid: entry.uid, where });
    this.erased += 1;
    return null;
  }

  /** See which records a payload names, and whether it is the one that says what was erased. */
  read(leaf, payload, where) {
    if (this.unnamed.size) this.strikeOff(payload);
    const erased = this.erasures.get(leaf.uid);
    if (!erased) return;
    need(leaf.kind === ERASED, `The entry ${leaf.uid} is said to have erased a payload, and is no erasure`, where);
    const listed = new Set(Array.isArray(payload.entries) ? payload.entries : []);
    const unlisted = erased.find(({ uid }) => !listed.has(uid));
    need(!unlisted, `The erasure ${leaf.uid} doesn't list the entry ${unlisted?.uid}`, unlisted?.where);
    this.erasures.delete(leaf.uid);
  }

  strikeOff(value) {
    if (typeof value === "string") this.unnamed.delete(value);
    else if (value !== null && typeof value === "object") Object.entries(value).flat().forEach((one) => this.strikeOff(one));
  }

  /** Compare the root where a checkpoint of this size is known. */
  compare() {
    for (let next; (next = this.checkpoints[this.reached]) && next.size <= this.size; this.reached += 1) {
      need(next.size === this.size, `A hidden range covers the size of a checkpoint, ${next.size}`, next.where);
      need(equal(next.root, this.tree.root()), `The first ${next.size} entries don't give the root that the checkpoint signs`, next.where);
      this.hiddenBefore = null;
    }
    if (this.kept?.size !== this.size) return;
    need(equal(this.kept.root, this.tree.root()),
      `The log was rewritten: its first ${this.size} entries aren't those of the checkpoint that you kept`, this.kept.where);
    this.keptFound = true;
  }

  /** All entries have been walked: nothing that was promised may be missing. */
  endEntries() {
    this.hiddenBefore = null;
    const next = this.checkpoints[this.reached];
    need(!next, `The entries end before the checkpoint of size ${next?.size}`, next?.where);
    const [missing] = this.erasures;
    need(!missing, `The erasure ${missing?.[0]}, by which a payload is said to have been erased, doesn't follow`, missing?.[1][0].where);
    const [unnamed] = this.unnamed;
    need(!unnamed, "No entry in the bundle names this record", `records/${unnamed}.json`);
  }
}
