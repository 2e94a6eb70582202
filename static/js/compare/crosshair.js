// A crosshair in a pane for those who work with keys: arrows move it, and the picture when it comes to an edge.

import { arrow } from "./markers.js";

export class Crosshair {
  constructor(pane, set) {
    this.pane = pane;
    this.set = set;
    this.at = null;
    this.mark = pane.element.appendChild(document.createElement("div"));
    this.mark.className = "crosshair";
    this.mark.hidden = true;
    pane.element.addEventListener("keydown", (event) => this.key(event));
    pane.element.addEventListener("pointerdown", () => this.hide());
    pane.element.addEventListener("blur", () => this.hide());
    pane.element.addEventListener("focus", () => { if (pane.element.matches(":focus-visible")) this.show(); });
  }

  hide() { this.mark.hidden = true; }

  show() {
    const { width, height } = this.pane.size;
    this.at ??= [width / 2, height / 2];
    this.mark.hidden = false;
    this.draw();
  }

  draw() {
    this.mark.style.transform = `translate(${this.at[0]}px, ${this.at[1]}px)`;
  }

  key(event) {
    if (event.target !== this.pane.element || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = arrow(event);
    if (step) this.move(step);
    else if (event.key.toLowerCase() === "m" && !this.mark.hidden) this.set(this.pane, this.pane.toPicture(this.at));
    else return;
    event.preventDefault();
  }

  move(step) {
    this.show();
    const { width, height } = this.pane.size;
    const wanted = [this.at[0] + step[0], this.at[1] + step[1]];
    this.at = [Math.min(width, Math.max(0, wanted[0])), Math.min(height, Math.max(0, wanted[1]))];
    const beyond = [wanted[0] - this.at[0], wanted[1] - this.at[1]];
    if (beyond[0] || beyond[1]) this.pane.asked.pan(this.pane, -beyond[0], -beyond[1]);
    this.draw();
  }
}
