// One pane: its picture, how it is seen, and what a mouse, a finger or two fingers do in it. It says what was asked for;
// the page decides, since linked panes move together.

import { light, matrix, toPane, toPicture, untouched } from "./view.js";

const TAP = 4; // pixels that a finger may move and still have tapped
const PER_NOTCH = 1.0015;

export class Pane {
  constructor(name, element, asked) {
    this.name = name;
    this.element = element;
    this.asked = asked;
    this.view = untouched();
    this.original = false;
    this.pointers = new Map();
    this.layer = element.appendChild(document.createElement("div"));
    this.layer.className = "points-layer";
    this.size = { width: element.clientWidth, height: element.clientHeight };
    this.gamma = document.getElementById(`gamma-${name}`);
    element.classList.add("live");
    this.show(element.querySelector("img"));
    this.listen();
  }

  /** What is seen: while the original is asked for, the untouched picture. */
  get seen() {
    return this.original ? untouched() : this.view;
  }

  /** Put another picture in, or none while it is on its way. */
  show(image) {
    this.image = image;
    for (const old of this.element.querySelectorAll(":scope > img")) if (old !== image) old.remove();
    if (image && image.parentElement !== this.element) this.element.prepend(image);
    if (image && !image.complete) image.addEventListener("load", () => this.draw(), { once: true });
    this.draw();
  }

  draw() {
    for (const function_ of this.gamma.querySelectorAll("[type=gamma]")) function_.setAttribute("exponent", 1 / this.seen.gamma);
    if (this.image) this.lay(this.image);
    this.drawn?.();
  }

  /** Lay anything with a picture's size as this pane's picture lies. */
  lay(image, { view, name } = { view: this.seen, name: this.name }) {
    const pixels = image.naturalWidth || image.width;
    if (!pixels) return;
    image.style.transform = matrix(view, this.size, pixels);
    image.style.filter = light(view, `gamma-${name}`);
  }

  measure() {
    this.size = { width: this.element.clientWidth, height: this.element.clientHeight };
    this.draw();
  }

  place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  toPane(point) { return toPane(this.seen, this.size, point); }

  toPicture(place) { return toPicture(this.view, this.size, place); }

  holds([x, y]) { return x >= 0 && y >= 0 && x <= this.size.width && y <= this.size.height; }

  listen() {
    const on = (kind, does, options) => this.element.addEventListener(kind, does.bind(this), options);
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.up);
    on("wheel", this.wheel, { passive: false });
    on("dblclick", (event) => this.asked.nearer(this, this.place(event)));
    on("dragstart", (event) => event.preventDefault());
    new ResizeObserver(() => this.measure()).observe(this.element);
  }

  down(event) {
    if (event.button) return;
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.moved = this.pointers.size > 1 ? TAP : 0;
    this.asked.touched(this);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.place(event);
    const [right, down] = [now[0] - before[0], now[1] - before[1]];
    this.moved += Math.abs(right) + Math.abs(down);
    if (this.pointers.size === 1 && this.moved < TAP) return;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) this.asked.pan(this, right, down);
    else this.pinch(other, before, now);
  }

  /** Two fingers: their distance zooms about their middle, and their middle pans. */
  pinch(other, before, now) {
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.asked.pan(this, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.asked.zoom(this, apart(now) / apart(before), middle);
  }

  up(event) {
    const tapped = this.pointers.size === 1 && this.moved < TAP && event.type === "pointerup";
    this.pointers.delete(event.pointerId);
    if (tapped) this.asked.tap(this, this.place(event));
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1) * (event.ctrlKey ? 4 : 1);
    this.asked.zoom(this, PER_NOTCH ** -pixels, this.place(event));
  }
}
