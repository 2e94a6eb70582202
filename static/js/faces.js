// Boxes and landmarks on a photograph: drawn with mouse, finger or keys, and written into the form's number fields, which
// say the same without this script. All coordinates are pixels of the upright photograph, however large it is shown.

import { SMALLEST, crosshair, dot, element, frame, handles, resized } from "./marks.js";

const SIDES = ["left", "top", "width", "height"];
const POINTS = ["left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const stage = document.getElementById("stage");
const turned = document.getElementById("turned");
const form = document.getElementById("edit");
const save = document.getElementById("save");
const said = document.getElementById("said");
const tools = Object.fromEntries([...document.querySelectorAll("[data-tool]")].map((tool) => [tool.dataset.tool, tool]));
const sideInputs = SIDES.map((side) => form.elements[side]).filter(Boolean);
const pointInputs = [...form.querySelectorAll("[data-landmark]")];
const faceInput = form.elements.face;
const whole = stage.getAttribute("viewBox").split(" ").map(Number);
const fixed = stage.dataset.box?.split(" ").map(Number);

/** The box being worked on: { face: id or "", left, top, width, height, points: [[x, y]...], changed }; one at a time. */
let draft = null;
let mode = fixed ? "landmarks" : "boxes";
let view = whole;
let quarters = 0;
let drag = null;
let cross = null;

const overlay = element("g", { class: "overlay" });
turned.append(overlay);
turned.querySelector(".as-saved").remove();
document.getElementById("tools").hidden = false;

const numbers = (data) => Object.fromEntries(SIDES.map((side) => [side, Number(data[side])]));
const saved = () => [...document.querySelectorAll("#found [data-face]")].map(({ dataset }) => ({ ...numbers(dataset), ...dataset, ...numbers(dataset) }));
const pending = () => [...document.querySelectorAll("#found [data-pending]")].map(({ dataset }) => numbers(dataset));

/** How many pixels of the photograph one pixel of the screen is. */
function unit() {
  const matrix = turned.getScreenCTM();
  return matrix ? 1 / Math.hypot(matrix.a, matrix.b) : 1;
}

function place(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(turned.getScreenCTM().inverse());
  return [point.x, point.y];
}

/** A step as seen on the screen, in the photograph as it lies. */
function unturned([x, y]) {
  for (let turn = 0; turn < (4 - quarters) % 4; turn += 1) [x, y] = [-y, x];
  return [x, y];
}

// Choosing and changing a box

function choose(face) {
  if (draft && draft.face === face.face) return;
  draft = { face: face.face ?? "", points: [], changed: false, ...numbers(face) };
  write();
  render();
  tell(`${nameOf(draft)} is chosen. Drag it or its corners, or use the arrow keys, with Shift for its size.`);
}

function drawNew(left, top, width = 0, height = 0) {
  draft = { face: "", left, top, width, height, points: [], changed: true };
  render();
}

function nameOf(box) {
  const face = saved().find((one) => one.face === box.face);
  return face ? `Face ${face.ordinal}` : "The new box";
}

function change(changes) {
  Object.assign(draft, changes, { changed: true });
  write();
  render();
}

function undo() {
  if (mode === "landmarks" && draft.points.length) {
    change({ points: draft.points.slice(0, -1) });
    askForPoint();
    return;
  }
  if (fixed) return;
  const face = saved().find((one) => one.face === draft?.face);
  draft = null;
  setMode("boxes");
  if (face) choose(face);
  else write();
  render();
  tell("Undone. Nothing has been saved.");
}

function takeOut() {
  if (!draft) return;
  const face = saved().find((one) => one.face === draft.face);
  if (face) location.assign(face.remove);
  else undo();
}

// The form's numbers, which are what is sent

function write() {
  if (!fixed) {
    for (const input of sideInputs) input.value = draft ? draft[input.name].toFixed(1) : "";
    faceInput.value = draft?.face ?? "";
  }
  const coordinates = draft?.points.length === POINTS.length ? draft.points.flat() : [];
  pointInputs.forEach((input, index) => { input.value = coordinates[index]?.toFixed(1) ?? ""; });
}

function read() {
  const box = fixed ? fixed : sideInputs.map((input) => Number.parseFloat(input.value));
  if (box.some(Number.isNaN)) return;
  const written = pointInputs.map((input) => Number.parseFloat(input.value));
  const points = written.some(Number.isNaN) ? [] : POINTS.map((_, index) => [written[2 * index], written[2 * index + 1]]);
  draft = { face: faceInput?.value ?? "", points, changed: true };
  SIDES.forEach((side, index) => { draft[side] = box[index]; });
  render();
}

form.addEventListener("input", (event) => {
  if (event.target !== faceInput) read();
});
faceInput?.addEventListener("change", () => {
  const face = saved().find((one) => one.face === faceInput.value);
  draft = null;
  if (face) choose(face);
  else {
    write();
    render();
  }
});

// What is seen

function render() {
  const scale = unit();
  const held = document.activeElement?.dataset?.key;
  const boxes = mode === "landmarks" ? [] : saved().filter((face) => face.face !== draft?.face);
  overlay.replaceChildren(
    ...(mode === "landmarks" ? [] : pending()).map((box) => frame(box, "pending", scale)),
    ...boxes.map((face) => group(face, scale)),
  );
  if (draft) overlay.append(...(mode === "landmarks" ? [frame(draft, "around", scale)] : [group(draft, scale, true)]));
  if (draft) overlay.append(...draft.points.map((point, index) => dot(point, index, scale)));
  if (mode === "landmarks" && cross) overlay.append(crosshair(cross, scale));
  if (held !== undefined) overlay.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  follow();
}

function group(box, scale, chosen = false) {
  const made = frame(box, chosen ? "box chosen" : "box", scale);
  const name = nameOf(box);
  made.dataset.key = box.face || "new";
  made.setAttribute("tabindex", "0");
  made.setAttribute("role", "button");
  made.setAttribute("aria-pressed", String(chosen));
  made.setAttribute("aria-label", `${name}. Arrow keys move it, Shift and arrow keys change its size, Delete takes it out.`);
  made.addEventListener("focus", () => choose(box));
  const ordinal = saved().find((face) => face.face === box.face)?.ordinal;
  if (ordinal) made.append(element("text", { x: box.left + 5 * scale, y: box.top + 16 * scale, "font-size": 14 * scale, "stroke-width": 4 * scale }, ordinal));
  if (chosen) made.append(...handles(box, scale));
  return made;
}

/** Which tools are of use just now, and whether there is anything to save. */
function follow() {
  const placing = mode === "landmarks";
  const points = draft?.points.length ?? 0;
  const known = saved().some((face) => face.face === draft?.face);
  save.disabled = !draft?.changed || (points > 0 && points < POINTS.length) || (Boolean(fixed) && points < POINTS.length);
  tools.undo.disabled = fixed ? points === 0 : !draft;
  if (tools.draw) {
    tools.draw.setAttribute("aria-pressed", String(mode === "draw"));
    tools.landmarks.setAttribute("aria-pressed", String(placing));
    tools.landmarks.textContent = placing ? "Back to the boxes" : "Place eyes, nose and mouth";
    tools.landmarks.disabled = !draft;
    tools.remove.disabled = !known;
  }
  stage.classList.toggle("drawing", mode === "draw");
  stage.classList.toggle("placing", placing);
  document.querySelectorAll("#points li").forEach((item, index) => {
    item.classList.toggle("done", index < points);
    if (index === points) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

function tell(sentence) {
  said.textContent = sentence;
}

// Modes

function setMode(next) {
  mode = next;
  view = mode === "landmarks" && !fixed ? around(draft) : whole;
  if (mode !== "landmarks" && quarters) quarters = 0;
  stage.setAttribute("viewBox", view.join(" "));
  stage.parentElement.classList.toggle("close", mode === "landmarks");
  turn(0);
  if (mode === "landmarks") {
    cross = [view[0] + view[2] / 2, view[1] + view[3] / 2];
    stage.setAttribute("tabindex", "0");
  } else {
    cross = null;
    stage.removeAttribute("tabindex");
  }
}

function around(box) {
  const side = Math.max(box.width, box.height) * 1.8;
  return [box.left + box.width / 2 - side / 2, box.top + box.height / 2 - side / 2, side, side];
}

function turn(by) {
  quarters = (quarters + by) % 4;
  const [left, top, width, height] = view;
  turned.setAttribute("transform", `rotate(${quarters * 90} ${left + width / 2} ${top + height / 2})`);
  render();
}

function askForPoint() {
  const next = POINTS[draft.points.length];
  tell(next ? `Click the ${next}, as you see it with the face upright. ${draft.points.length} of 5 are placed.` : "All five are placed. Save, or undo the last.");
}

function placePoint(point) {
  if (draft.points.length === POINTS.length) return;
  change({ points: [...draft.points, point] });
  askForPoint();
}

tools.draw?.addEventListener("click", (event) => {
  if (event.detail === 0) {
    // By key: a box in the middle, to be moved by keys.
    setMode("boxes");
    const [left, top, width, height] = whole;
    const side = Math.min(width, height) / 4;
    drawNew(left + width / 2 - side / 2, top + height / 2 - side / 2, side, side);
    write();
    overlay.querySelector('[data-key="new"]').focus({ preventScroll: true });
    tell("A new box stands in the middle. Arrow keys move it, Shift and arrow keys change its size.");
    return;
  }
  setMode(mode === "draw" ? "boxes" : "draw");
  render();
  tell(mode === "draw" ? "Drag over the photograph, from one corner of the face to the other." : "Choose a box to move it.");
});
tools.landmarks?.addEventListener("click", () => {
  setMode(mode === "landmarks" ? "boxes" : "landmarks");
  render();
  if (mode !== "landmarks") return;
  askForPoint();
  stage.focus({ preventScroll: true });
});
tools.turn.addEventListener("click", () => turn(1));
tools.undo.addEventListener("click", undo);
tools.remove?.addEventListener("click", takeOut);

// Mouse and finger. A finger scrolls the page unless it holds a box or draws one.

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || mode === "landmarks") return;
  const at = place(event);
  const corner = event.target.closest(".handle")?.dataset.corner;
  const box = event.target.closest(".box");
  if (corner) drag = { from: at, box: { ...draft }, corner };
  else if (mode !== "draw" && box) {
    const face = saved().find((one) => one.face === box.dataset.key);
    if (face) choose(face);
    drag = { from: at, box: { ...draft } };
  } else if (mode === "draw" || event.pointerType === "mouse") {
    drag = { from: at, drawing: true, before: draft };
  } else return;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = place(event);
  const [dx, dy] = [x - drag.from[0], y - drag.from[1]];
  if (drag.drawing) {
    drawNew(Math.min(x, drag.from[0]), Math.min(y, drag.from[1]), Math.abs(dx), Math.abs(dy));
    write();
  } else if (drag.corner) change(resized(drag.box, drag.corner, dx, dy));
  else if (Math.hypot(dx, dy) > 2 * unit() || draft.changed) change({ left: drag.box.left + dx, top: drag.box.top + dy });
});
function letGo() {
  const { drawing, before } = drag ?? {};
  drag = null;
  if (!drawing) return;
  if (!draft || draft === before || Math.min(draft.width, draft.height) < SMALLEST) {
    draft = before;
    write();
    render();
    return;
  }
  setMode("boxes");
  write();
  overlay.querySelector('[data-key="new"]')?.focus({ preventScroll: true });
  tell("The new box is drawn. Save it, or place eyes, nose and mouth yourself.");
}
stage.addEventListener("pointerup", letGo);
stage.addEventListener("pointercancel", letGo);
stage.addEventListener("click", (event) => {
  if (mode === "landmarks") placePoint(place(event));
});

// Keys

stage.addEventListener("keydown", (event) => {
  if (mode === "landmarks") keyForPoints(event);
  else if (event.target.closest(".box") && draft) keyForBox(event);
});

function keyForBox(event) {
  const step = Math.max(1, 2 * unit());
  const arrow = ARROWS[event.key];
  if (arrow) {
    const [dx, dy] = unturned(arrow).map((way) => way * step);
    if (event.shiftKey) change({ width: Math.max(SMALLEST, draft.width + dx), height: Math.max(SMALLEST, draft.height + dy) });
    else change({ left: draft.left + dx, top: draft.top + dy });
  } else if (event.key === "Delete" || event.key === "Backspace") takeOut();
  else if (event.key === "Escape") undo();
  else return;
  event.preventDefault();
}

function keyForPoints(event) {
  const arrow = ARROWS[event.key];
  const step = (event.shiftKey ? 12 : 2) * unit();
  if (arrow) {
    const [dx, dy] = unturned(arrow).map((way) => way * step);
    cross = [cross[0] + dx, cross[1] + dy];
    render();
  } else if (event.key === "Enter" || event.key === " ") placePoint(cross);
  else if (event.key === "Backspace" || event.key === "Escape") {
    if (draft.points.length) undo();
  } else return;
  event.preventDefault();
}

// A face that was read meanwhile gets its box; what is being drawn stays.
document.body.addEventListener("htmx:afterSettle", () => render());
new ResizeObserver(() => render()).observe(stage);

if (fixed) {
  draft = { face: "", points: [], changed: true };
  SIDES.forEach((side, index) => { draft[side] = fixed[index]; });
  setMode("landmarks");
}
// A form that came back with an error keeps what was drawn.
if ([...sideInputs, ...pointInputs].some((input) => input.value)) read();
if (fixed) askForPoint();
render();

// Of a panorama the first face is in sight.
const first = overlay.querySelector(".box, .pending")?.getBoundingClientRect();
const frameOfView = stage.parentElement.getBoundingClientRect();
if (first && first.right > frameOfView.right) {
  stage.parentElement.scrollLeft += first.left + first.width / 2 - frameOfView.left - frameOfView.width / 2;
}
