// Keeps one's place in a review while somebody works on its page, and says so when the page is left.

const EVERY = 45_000; // less than the grace after leaving, so that a page opened anew has time to say that it is there
const STILL_AT_WORK = 5 * 60_000;

const presence = document.getElementById("presence");
const lost = document.getElementById("place-lost");
let lastMoved = Date.now();

function tellLost(sentence) {
  lost.firstElementChild.textContent = sentence;
  lost.hidden = false;
}

async function stay() {
  if (!lost.hidden) return;
  try {
    const answer = await fetch(presence.dataset.stay, { method: "POST", body: new FormData(presence) });
    if (answer.status === 409) tellLost((await answer.json()).sentence);
  } catch {
    // The network is away; the place is kept for a while, and the next attempt comes soon.
  }
}

function atWork() {
  return document.visibilityState === "visible" && Date.now() - lastMoved < STILL_AT_WORK;
}

for (const moved of ["pointerdown", "pointermove", "keydown", "input", "scroll"]) {
  document.addEventListener(moved, () => { lastMoved = Date.now(); }, { capture: true, passive: true });
}

setInterval(() => { if (atWork()) stay(); }, EVERY);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") stay(); });
window.addEventListener("pageshow", stay);
window.addEventListener("pagehide", () => navigator.sendBeacon(presence.dataset.leave, new FormData(presence)));
