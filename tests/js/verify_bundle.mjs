// Verify many bundles in one process. Each line of the input is JSON, { path, checkpoint, keys } (the latter two may be left out);
// each line of the output is the verdict on it.

import { open } from "node:fs/promises";
import { createInterface } from "node:readline";

import { verifyBundle } from "../../static/js/verify/bundle.js";

async function fileSource(handle) {
  const { size } = await handle.stat();
  const read = async (offset, length) => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  };
  return { size, read };
}

async function verify({ path, ...options }) {
  const handle = await open(path);
  try {
    return await verifyBundle(await fileSource(handle), options);
  } finally {
    await handle.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await verify(JSON.parse(line)))}\n`);
}
