// The container: a ZIP of which every byte is accounted for. Each header is made anew from the member's name, size, checksum and
// place, and compared: what could be said in two ways (flags, times, comments, gaps) can only be said in one.
//
// A source is anything with `size` and `read(offset, length)`, which promises a Uint8Array of that length.

import { concat, equal, utf8 } from "./bytes.js";
import { crc32 } from "./crc32.js";
import { Unusable, need } from "./errors.js";

const SLICE = 1 << 20;
const LOCAL = 30 + 20; // without the name
const CENTRAL = 46 + 28;
const END = 56 + 20 + 22;
const FIRST = ["README.txt", "verify.py", "keys.jsonl", "checkpoints.jsonl", "entries.jsonl"];
const LAST = ["manifest.json", "closing.jsonl", "closing.txt"];
const FURTHER = /^(records\/[0-9a-f]{64}\.json|stamps\/(0|[1-9][0-9]*)\.tsr)$/;
const NOT_ONE = "This is no bundle: its ZIP container doesn't end as a bundle's does";
const DIRECTORY = "the ZIP directory";

/** A Blob or File as a source. */
export const blobSource = (blob) => ({
  size: blob.size,
  read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
});

/** Return the members { name, size, crc, offset, start } in their order; their bytes haven't been read yet. */
export async function openContainer(source) {
  const { count, directorySize, directoryOffset } = await readEnd(source);
  const directory = await readExactly(source, directoryOffset, directorySize);
  const members = readDirectory(directory, count, directoryOffset);
  checkOrder(members.map(({ name }) => name));
  return members;
}

/** Yield a member's bytes in slices, after its header and before its checksum have been compared. */
export async function* readMember(source, member) {
  const header = localHeader(member);
  const found = await readExactly(source, member.offset, header.length);
  need(equal(found, header), "A ZIP header isn't what its directory says", member.name);
  let sum = 0;
  for (let at = 0; at < member.size; at += SLICE) {
    const bytes = await readExactly(source, member.start + at, Math.min(SLICE, member.size - at));
    sum = crc32(bytes, sum);
    yield bytes;
  }
  need(sum === member.crc, "The checksum doesn't fit the bytes", member.name);
}

async function readExactly(source, offset, length) {
  const bytes = await source.read(offset, length).catch(() => null);
  if (bytes?.length !== length) throw new Unusable("The file couldn't be read: it may have been moved or changed. Choose it again.");
  return bytes;
}

async function readEnd(source) {
  need(source.size >= END, NOT_ONE, DIRECTORY);
  const end = await readExactly(source, source.size - END, END);
  const [count, directorySize, directoryOffset] = [32, 40, 48].map((at) => number64(end, at));
  need(equal(end, endRecords(count, directorySize, directoryOffset)), NOT_ONE, DIRECTORY);
  need(directoryOffset + directorySize + END === source.size, "The ZIP directory doesn't end where it says", DIRECTORY);
  return { count, directorySize, directoryOffset };
}

/** Members lie one after the other, from the first byte to the directory. */
function readDirectory(directory, count, directoryOffset) {
  const members = [];
  let at = 0;
  let offset = 0;
  while (at < directory.length) {
    const { member, length } = readCentral(directory.subarray(at));
    need(member.offset === offset, "There are bytes between the files of the bundle that belong to none", member.name);
    offset = member.start + member.size;
    at += length;
    members.push(member);
  }
  need(members.length === count, "The ZIP directory doesn't name as many files as it says", DIRECTORY);
  need(offset === directoryOffset, "There are bytes before the ZIP directory that belong to no file", DIRECTORY);
  return members;
}

function readCentral(bytes) {
  need(bytes.length >= CENTRAL, "The ZIP directory is cut off", DIRECTORY);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const nameLength = view.getUint16(28, true);
  const length = CENTRAL + nameLength;
  need(bytes.length >= length, "The ZIP directory is cut off", DIRECTORY);
  const name = String.fromCharCode(...bytes.subarray(46, 46 + nameLength));
  const extra = 46 + nameLength + 4;
  const member = { name, crc: view.getUint32(16, true), size: number64(bytes, extra), offset: number64(bytes, extra + 16) };
  member.start = member.offset + LOCAL + nameLength;
  need(equal(bytes.subarray(0, length), centralHeader(member)), "An entry of the ZIP directory isn't in the one form", name);
  return { member, length };
}

function checkOrder(names) {
  const further = names.slice(FIRST.length, -LAST.length);
  const frame = [...names.slice(0, FIRST.length), ...names.slice(-LAST.length)];
  need(
    names.length >= FIRST.length + LAST.length && equal(frame, [...FIRST, ...LAST]),
    "The bundle doesn't hold the files that a bundle holds, in their order",
    DIRECTORY,
  );
  further.forEach((name, at) => {
    need(FURTHER.test(name), "No such file belongs into a bundle", name);
    need(at === 0 || further[at - 1] < name, "The files aren't in their order, or one is there twice", name);
  });
}

// What the headers are, little-endian: [bytes, value] after [bytes, value].

function localHeader({ name, size, crc }) {
  const head = packed([4, 0x04034b50], [2, 45], [2, 0x0800], [2, 0], [2, 0], [2, 0x0021], [4, crc],
    [4, 0xffffffff], [4, 0xffffffff], [2, name.length], [2, 20]);
  return concat(head, utf8(name), packed([2, 0x0001], [2, 16], [8, size], [8, size]));
}

function centralHeader({ name, size, crc, offset }) {
  const head = packed([4, 0x02014b50], [2, 0x032d], [2, 45], [2, 0x0800], [2, 0], [2, 0], [2, 0x0021], [4, crc],
    [4, 0xffffffff], [4, 0xffffffff], [2, name.length], [2, 28], [2, 0], [2, 0], [2, 0], [4, 0o100644 * 65536], [4, 0xffffffff]);
  return concat(head, utf8(name), packed([2, 0x0001], [2, 24], [8, size], [8, size], [8, offset]));
}

function endRecords(count, size, offset) {
  return concat(
    packed([4, 0x06064b50], [8, 44], [2, 0x032d], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, offset]),
    packed([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]),
    packed([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff], [4, 0xffffffff], [4, 0xffffffff], [2, 0]),
  );
}

function packed(...fields) {
  const bytes = new Uint8Array(fields.reduce((length, [width]) => length + width, 0));
  let at = 0;
  for (const [width, value] of fields) {
    let left = value;
    for (let byte = 0; byte < width; byte += 1, left = Math.floor(left / 256)) bytes[at++] = left % 256;
  }
  return bytes;
}

/** Read 64 bits. A number beyond 2^53 is rounded, and the header that is made anew from it is another. */
function number64(bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
