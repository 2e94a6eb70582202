// How long a comparison was before somebody's eyes: whole seconds while the page is seen and used.

const AWAY_AFTER = 60_000;

export class Clock {
  constructor() {
    this.seconds = 0;
    this.used = performance.now();
    for (const kind of ["pointermove", "keydown", "wheel", "pointerdown"]) {
      document.addEventListener(kind, () => { this.used = performance.now(); }, { passive: true });
    }
    setInterval(() => this.tick(), 1000);
  }

  tick() {
    if (document.visibilityState === "visible" && performance.now() - this.used < AWAY_AFTER) this.seconds += 1;
  }
}
