// Probe and candidate in turn in one pane, at the reviewer's speed. Off until asked for; where the system asks for less
// motion, the pictures change only when a person says so.

const FAST = 3; // changes a second from which light may harm people with photosensitive epilepsy
const LESS_MOTION = matchMedia("(prefers-reduced-motion: reduce)");

export class Flicker {
  constructor(probe, pane) {
    this.probe = probe;
    this.pane = pane;
    this.copy = document.createElement("canvas");
    this.copy.className = "overlaid";
    this.copy.setAttribute("aria-hidden", "true");
    this.on = false;
    this.running = false;
    this.tools = document.getElementById("flicker-rate");
    this.rate = document.getElementById("rate");
    this.said = document.getElementById("flicker-said");
    this.runs = document.querySelector("[data-does=run]");
    this.rate.addEventListener("input", () => this.start());
  }

  toggle() {
    this.on = !this.on;
    this.running = this.on && !LESS_MOTION.matches;
    if (this.on) this.lay();
    else this.copy.remove();
    this.tools.hidden = !this.on;
    this.pane.element.classList.toggle("flickers", this.on);
    this.start();
    return this.on;
  }

  run() {
    this.running = !this.running;
    this.start();
  }

  start() {
    clearInterval(this.timer);
    if (this.running) this.timer = setInterval(() => this.change(), 1000 / Number(this.rate.value));
    this.render();
  }

  /** By hand: the other picture, and no more by itself. */
  step() {
    this.running = false;
    this.start();
    this.change();
  }

  faster(by) {
    this.rate.value = Number(this.rate.value) + by * Number(this.rate.step);
    this.start();
  }

  change() { this.copy.hidden = !this.copy.hidden; }

  lay() {
    const { image } = this.probe;
    this.copy.width = image.naturalWidth;
    this.copy.height = image.naturalHeight;
    this.copy.getContext("2d").drawImage(image, 0, 0);
    this.pane.layer.before(this.copy);
    this.draw();
  }

  draw() {
    if (this.on) this.pane.lay(this.copy, { view: this.probe.seen, name: "probe" });
  }

  render() {
    document.getElementById("rate-said").textContent = this.rate.value;
    this.runs.textContent = this.running ? "Pause" : "Run";
    this.said.textContent = this.words();
  }

  words() {
    if (!this.running && LESS_MOTION.matches) return "Your system asks for less motion: V shows the other picture.";
    return Number(this.rate.value) > FAST ? "Over 3 a second can harm people with photosensitive epilepsy." : "";
  }
}
