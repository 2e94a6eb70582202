// CRC-32 as ZIP has it (polynomial 0xEDB88320, reflected), four bytes a step.

const TABLES = [new Uint32Array(256)];
for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  TABLES[0][byte] = value;
}
for (let n = 1; n < 4; n += 1) {
  TABLES.push(TABLES[n - 1].map((value) => (value >>> 8) ^ TABLES[0][value & 0xff]));
}
const [T0, T1, T2, T3] = TABLES;

/** Go on from an earlier part's sum; 0 begins. */
export function crc32(bytes, before = 0) {
  let sum = ~before;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    sum ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    sum = T3[sum & 0xff] ^ T2[(sum >>> 8) & 0xff] ^ T1[(sum >>> 16) & 0xff] ^ T0[sum >>> 24];
  }
  for (; at < bytes.length; at += 1) sum = (sum >>> 8) ^ T0[(sum ^ bytes[at]) & 0xff];
  return ~sum >>> 0;
}
