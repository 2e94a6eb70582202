// SHA-256 (FIPS 180-4), taken in pieces. The browser's own digest wants all of a file at once and answers later; a walk over a
// million entries needs neither.

/** The first 32 bits of the fractional parts of the roots of the first primes; a double has 52 bits, and 35 are needed. */
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

const BLOCK = 64;
const schedule = new Int32Array(64);

/** Fill the message schedule from one block (6.2.2, step 1). */
function expand(bytes, from) {
  for (let t = 0, at = from; t < 16; t += 1, at += 4) {
    schedule[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const x = schedule[t - 15];
    const y = schedule[t - 2];
    const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[t] = (sigma1 + schedule[t - 7] + sigma0 + schedule[t - 16]) | 0;
  }
}

/** Work one block into the state (6.2.2, steps 2 to 4). */
function compress(state, bytes, from) {
  expand(bytes, from);
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  for (let t = 0; t < 64; t += 1) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + sum1 + (g ^ (e & (f ^ g))) + ROUND[t] + schedule[t]) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (sum0 + ((a & b) ^ (c & (a ^ b)))) | 0;
    h = g; g = f; f = e; e = (d + first) | 0;
    d = c; c = b; b = a; a = (first + second) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

export class Sha256 {
  constructor() {
    this.state = new Int32Array(8);
    this.block = new Uint8Array(BLOCK);
    this.reset();
  }

  reset() {
    this.state.set(START);
    this.length = 0;
    return this;
  }

  update(bytes) {
    let at = 0;
    const held = this.length % BLOCK;
    this.length += bytes.length;
    if (held) {
      at = Math.min(BLOCK - held, bytes.length);
      this.block.set(bytes.subarray(0, at), held);
      if (held + at < BLOCK) return this;
      compress(this.state, this.block, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) compress(this.state, bytes, at);
    this.block.set(bytes.subarray(at));
    return this;
  }

  /** Return the 32 bytes; the hasher can't be gone on with afterwards, only reset. */
  digest() {
    this.pad();
    const hash = new Uint8Array(32);
    for (let at = 0; at < 32; at += 1) hash[at] = this.state[at >> 2] >>> (24 - 8 * (at & 3));
    return hash;
  }

  /** End the message with a one, zeros, and its length in bits (5.1.1). */
  pad() {
    const { block, state, length } = this;
    let held = length % BLOCK;
    block[held++] = 0x80;
    block.fill(0, held);
    if (held > BLOCK - 8) {
      compress(state, block, 0);
      block.fill(0);
    }
    let bits = length * 8;
    for (let at = BLOCK - 1; bits > 0; at -= 1, bits = Math.floor(bits / 256)) block[at] = bits % 256;
    compress(state, block, 0);
  }
}

const shared = new Sha256();

/** Return the hash of the parts, one after the other. */
export function sha256(...parts) {
  shared.reset();
  for (const part of parts) shared.update(part);
  return shared.digest();
}
