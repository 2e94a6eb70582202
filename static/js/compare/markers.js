// Pairs of numbered points, one on the probe and one on the reference shown. Kept as fractions of the untouched picture,
// so that they stay on what they mark, however it is turned, moved or enlarged.

const WORDS = { probe: "probe", candidate: "candidate" };
const OTHER = { probe: "candidate", candidate: "probe" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MOST = 60;
const inside = (point) => point.map((coordinate) => Math.min(1, Math.max(0, coordinate)));

export const arrow = (event) => ARROWS[event.key]?.map((step) => step * (event.shiftKey ? 10 : 1));

export class Markers {
  constructor(panes, changed) {
    this.panes = Object.fromEntries(panes.map((pane) => [pane.name, pane]));
    this.changed = changed;
    this.list = document.getElementById("point-list");
    this.said = document.getElementById("points-said");
    this.pairs = [];
    this.pending = null;
    this.reference = 1;
  }

  /** Hold the pairs of another candidate. */
  load(pairs) {
    this.pairs = structuredClone(pairs);
    this.pending = null;
  }

  show(reference) {
    this.reference = reference;
    this.pending = null;
    this.render();
  }

  get shown() {
    return this.pairs.filter((pair) => pair.reference === this.reference);
  }

  /** Set a point of a picture: the first of a pair, the second, or the first one anew. */
  set(pane, point) {
    if (point.some((coordinate) => coordinate < 0 || coordinate > 1)) return;
    const { name } = pane;
    if (!this.pending || this.pending[name]) this.pending = this.begun(name, point);
    else this.complete({ ...this.pending, [name]: point });
    this.render();
  }

  begun(name, point) {
    const number = this.pending?.number ?? Math.max(0, ...this.shown.map((pair) => pair.number)) + 1;
    return this.pairs.length < MOST ? { reference: this.reference, number, [name]: point, note: "" } : null;
  }

  complete(pair) {
    this.pending = null;
    this.pairs.push(pair);
    this.changed();
  }

  drop(pair) {
    if (pair === this.pending) this.pending = null;
    else this.pairs.splice(this.pairs.indexOf(pair), 1);
    this.changed();
    this.render();
  }

  put(pair, name, point) {
    pair[name] = inside(point);
    this.place();
    this.changed();
  }

  // The points on the pictures

  render() {
    for (const pane of Object.values(this.panes)) {
      const all = this.pending ? [...this.shown, this.pending] : this.shown;
      pane.layer.replaceChildren(...all.filter((pair) => pair[pane.name]).map((pair) => this.button(pane, pair)));
    }
    this.list.replaceChildren(...this.shown.map((pair) => this.row(pair)));
    this.said.textContent = this.words();
    this.place();
  }

  words() {
    if (this.pending) {
      const missing = this.pending.probe ? "candidate" : "probe";
      return `Point ${this.pending.number}: now the same place on the ${missing}.`;
    }
    const elsewhere = this.pairs.length - this.shown.length;
    const more = elsewhere ? ` ${elsewhere} more on other references.` : "";
    return (this.shown.length ? "" : "None yet. Mark points sets the same feature on both pictures.") + more;
  }

  button(pane, pair) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "point";
    button.setAttribute("aria-label", `Point ${pair.number} on the ${WORDS[pane.name]}. Arrow keys move it, Delete deletes it.`);
    button.append(Object.assign(document.createElement("span"), { textContent: pair.number }));
    button.addEventListener("keydown", (event) => this.key(event, pane, pair));
    button.addEventListener("pointerdown", (event) => this.grab(event, pane, pair));
    button.pair = pair;
    return button;
  }

  /** Lay every point where its picture lies now. */
  place() {
    for (const pane of Object.values(this.panes)) {
      for (const button of pane.layer.children) {
        const [x, y] = pane.toPane(button.pair[pane.name]);
        button.style.transform = `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px)`;
        button.hidden = !pane.holds([x, y]);
      }
    }
  }

  key(event, pane, pair) {
    const step = arrow(event);
    if (step) {
      const [x, y] = pane.toPane(pair[pane.name]);
      this.put(pair, pane.name, pane.toPicture([x + step[0], y + step[1]]));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.drop(pair);
      pane.element.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  grab(event, pane, pair) {
    event.stopPropagation();
    const button = event.currentTarget;
    button.setPointerCapture(event.pointerId);
    button.onpointermove = (moved) => this.put(pair, pane.name, pane.toPicture(pane.place(moved)));
    button.onpointerup = button.onpointercancel = () => { button.onpointermove = null; };
  }

  // The list of them, with a note for each

  row(pair) {
    const row = document.createElement("li");
    const number = Object.assign(document.createElement("span"), { className: "point-number", textContent: pair.number });
    const note = Object.assign(document.createElement("input"), {
      type: "text", value: pair.note, maxLength: 200, placeholder: "Note", autocomplete: "off",
    });
    note.setAttribute("aria-label", `Note to point ${pair.number}`);
    note.addEventListener("input", () => { pair.note = note.value; this.changed(); });
    const remove = Object.assign(document.createElement("button"), {
      type: "button", className: "text small", textContent: "Delete",
    });
    remove.setAttribute("aria-label", `Delete point ${pair.number}`);
    remove.addEventListener("click", () => this.drop(pair));
    row.append(number, note, remove);
    return row;
  }
}
