// Verifies one bundle apart from the page, so that the page stays alive meanwhile. It is told { file, checkpoint, keys } and tells
// { progress } now and then and at last { verdict }.

import { verifyBundle } from "./bundle.js";
import { blobSource } from "./container.js";

const EVERY_MS = 100;
let told = 0;

function progress(state) {
  if (performance.now() - told < EVERY_MS) return;
  told = performance.now();
  postMessage({ progress: state });
}

self.addEventListener("message", async ({ data: { file, checkpoint, keys } }) => {
  postMessage({ verdict: await verifyBundle(blobSource(file), { checkpoint, keys, progress }) });
});
// A promise that fails reaches the page as an error only when it is raised again.
self.addEventListener("unhandledrejection", ({ reason }) => setTimeout(() => { throw reason; }));
