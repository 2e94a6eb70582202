// Sliders and switches. Each says one number or switch of the views of the panes that are chosen: both, or one.

import { BOUNDS, clamp } from "./view.js";

const STEPS = { brightness: 0.05, contrast: 0.05, gamma: 0.05 };
const fine = (number) => Math.round(number * 100) / 100;

// The zoom's slider is in powers of two, so that each length of it does as much.
const FROM_SLIDER = { zoom: (value) => 2 ** value };
const TO_SLIDER = { zoom: Math.log2 };
const SAID = { turn: (turn) => `${Math.round(turn)}°` };

export class Adjustments {
  constructor(panes, changed) {
    this.panes = panes;
    this.changed = changed;
    this.sliders = [...document.querySelectorAll("[data-adjusts]")];
    this.chosen = [...document.querySelectorAll("[name=adjusted]")];
    this.switches = ["grey", "mirror"].map((name) => [name, document.querySelector(`[data-does=${name}]`)]);
    for (const slider of this.sliders) slider.addEventListener("input", () => this.slid(slider));
    for (const choice of this.chosen) choice.addEventListener("change", () => this.render());
  }

  get targets() {
    const chosen = this.chosen.find((choice) => choice.checked).value;
    return chosen === "both" ? this.panes : this.panes.filter((pane) => pane.name === chosen);
  }

  slid(slider) {
    const name = slider.dataset.adjusts;
    this.set(name, (FROM_SLIDER[name] ?? Number)(Number(slider.value)));
  }

  set(name, value) {
    for (const pane of this.targets) pane.view = { ...pane.view, [name]: value };
    this.changed(name);
  }

  /** One step more (1) or less (-1) of brightness, contrast or gamma. */
  step(name, by) {
    this.set(name, fine(clamp(this.targets[0].view[name] + by * STEPS[name], BOUNDS[name])));
  }

  flip(name) {
    this.set(name, !this.targets[0].view[name]);
  }

  next() {
    const at = this.chosen.findIndex((choice) => choice.checked);
    this.chosen[(at + 1) % this.chosen.length].checked = true;
    this.render();
  }

  /** Show what the chosen panes have; of both, what the first has. */
  render() {
    const { view } = this.targets[0];
    for (const slider of this.sliders) {
      const name = slider.dataset.adjusts;
      slider.value = (TO_SLIDER[name] ?? Number)(view[name]);
      const said = (SAID[name] ?? ((value) => fine(value).toFixed(2)))(view[name]);
      slider.previousElementSibling.textContent = said;
      slider.setAttribute("aria-valuetext", said);
    }
    for (const [name, button] of this.switches) button.setAttribute("aria-pressed", view[name]);
  }
}
