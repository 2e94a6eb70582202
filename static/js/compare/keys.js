// The keys of the comparison: each does what its button does. Fields for text keep their letters, and sliders and
// ratings their arrows. "O" holds. Who speaks to their machine, or hits keys unawares, can turn them off in the sheet.

const TYPES = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select";
const KEEPS_ARROWS = "input, [role=application], .point";

const ON = "keys of the comparison";

function choice() {
  const box = document.getElementById("keys-on");
  box.checked = localStorage.getItem(ON) !== "off";
  box.addEventListener("change", () => localStorage.setItem(ON, box.checked ? "on" : "off"));
  return box;
}

export function listen(does) {
  const on = choice();
  const held = { o: (down) => does.original(down) };

  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TYPES) || document.querySelector("dialog[open]")) return;
    if (event.key.startsWith("Arrow") && event.target.closest?.(KEEPS_ARROWS)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = held[key] ?? action(does, key, event);
    if (!act) return;
    event.preventDefault();
    if (!(key in held)) act();
    else if (!event.repeat) act(true);
  });
  document.addEventListener("keyup", (event) => held[event.key.toLowerCase()]?.(false));
  window.addEventListener("blur", () => does.original(false));
}

function action(does, key, event) {
  const less = event.shiftKey ? -1 : 1;
  if (/^[1-9]$/.test(key)) return () => does.reference(Number(key));
  if (key.startsWith("Arrow") && event.shiftKey) return () => does.move(key);
  return {
    n: does.onward, ArrowRight: does.onward, p: does.previous, ArrowLeft: does.previous, c: does.candidates,
    r: does.reset, a: does.align, l: does.link, w: does.adjusted, g: does.grey, x: does.mirror, m: does.mark,
    f: does.flicker, v: does.step, s: does.run, e: does.checklist, h: does.drawer, "?": does.keys,
    "+": () => does.nearer(1), "=": () => does.nearer(1), "-": () => does.nearer(-1), "_": () => does.nearer(-1),
    ",": () => does.turn(-1), "<": () => does.turn(-10), ".": () => does.turn(1), ">": () => does.turn(10),
    b: () => does.light("brightness", less), t: () => does.light("contrast", less), y: () => does.light("gamma", less),
    "[": () => does.faster(-1), "]": () => does.faster(1),
  }[key];
}
