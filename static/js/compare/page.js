// The comparison: all retained candidates in one page. Another one is shown without loading anything, its pictures
// having been fetched and decoded before; what is seen and said of each is kept apart, and saved as a draft (draft.js).

import { Adjustments } from "./adjustments.js";
import { Checklist } from "./checklist.js";
import { Clock } from "./clock.js";
import { Crosshair } from "./crosshair.js";
import { Flicker } from "./flicker.js";
import { listen } from "./keys.js";
import { Markers } from "./markers.js";
import { Pane } from "./pane.js";
import { keep, picture, prefetch } from "./pictures.js";
import { aligned, BOUNDS, clamp, panned, turnedBy, untouched, zoomed } from "./view.js";

const data = JSON.parse(document.getElementById("comparison-data").textContent);
const form = document.getElementById("checklist");
const byId = (id) => document.getElementById(id);
const tool = (name) => document.querySelector(`[data-does=${name}]`);
const LIGHT = ["brightness", "contrast", "gamma", "grey"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MOVE = 40; // pixels of one Shift+arrow
const NEARER = 1.25;

const kept = data.candidates.map((candidate) => candidate.kept);
let present = data.candidates.findIndex((candidate) => candidate.page === location.pathname);
let reference = null;
let linked = true;
let marking = false;
let tools = new Set();
let lookedAt = new Set();

for (const scripted of document.querySelectorAll("[data-scripted]")) scripted.hidden = false;
byId("points").hidden = false;
for (const image of document.querySelectorAll(".pane-view > img")) keep(image);

const asked = {
  pan: (pane, right, down) => together(pane, (one) => panned(one.view, one.size, right, down), "pan"),
  zoom: (pane, factor, place) => together(pane, (one) => zoomed(one.view, one.size, factor, place), "zoom"),
  nearer: (pane, place) => {
    if (marking) return;
    const middle = [pane.size.width / 2, pane.size.height / 2];
    asked.pan(pane, middle[0] - place[0], middle[1] - place[1]);
    asked.zoom(pane, 1.5, middle);
  },
  tap: (pane, place) => { if (marking) markers.set(pane, pane.toPicture(place)); },
  touched: (pane) => pane.element.focus({ preventScroll: true }),
};
const panes = ["probe", "candidate"].map((name) => new Pane(name, document.querySelector(`[data-pane=${name}]`), asked));
const [probe, candidate] = panes;
const clock = new Clock();
const checklist = new Checklist(form);
const markers = new Markers(panes, changed);
const flicker = new Flicker(probe, candidate);
const adjustments = new Adjustments(panes, (name) => adjusted(name));
for (const pane of panes) {
  pane.element.tabIndex = 0;
  pane.element.setAttribute("role", "application");
  pane.element.setAttribute("aria-label", `The ${pane.name}: arrow keys move a crosshair, M sets a point there`);
  pane.drawn = () => { markers.place(); flicker.draw(); };
  new Crosshair(pane, (one, point) => markers.set(one, point));
}

// What a person asks for

/** Change how a pane is seen, and the other with it while they are linked. */
function together(pane, how, name) {
  for (const one of linked ? panes : [pane]) one.view = how(one);
  adjusted(name);
}

function adjusted(name) {
  tools.add(name);
  redraw();
  changed();
}

function redraw() {
  for (const pane of panes) pane.draw();
  adjustments.render();
}

/** Something to keep has changed: draft.js saves it in a moment. */
function changed() {
  form.dispatchEvent(new Event("change"));
}

const middleOf = ({ size }) => [size.width / 2, size.height / 2];
function eyesOf(pane) { return pane === probe ? data.probe.eyes : reference.eyes; }
function onTargets(how, name) {
  for (const pane of adjustments.targets) pane.view = how(pane);
  adjusted(name);
}

const does = {
  onward: () => form.requestSubmit(byId("onward")),
  previous: () => { if (present > 0) turnTo(present - 1); },
  candidates: () => tool("candidates").click(),
  reference: (number) => { if (data.candidates[present].references[number - 1]) showReference(number); },
  reset: () => {
    for (const pane of panes) pane.view = untouched();
    redraw();
    changed();
  },
  align: () => {
    for (const pane of panes) pane.view = aligned(pane.view, pane.size, eyesOf(pane));
    adjusted("align");
  },
  link: () => { linked = !linked; pressed("link", linked); changed(); },
  adjusted: () => adjustments.next(),
  grey: () => adjustments.flip("grey"),
  mirror: () => adjustments.flip("mirror"),
  mark: () => {
    marking = !marking;
    pressed("mark", marking);
    for (const pane of panes) pane.element.classList.toggle("marking", marking);
  },
  flicker: () => { pressed("flicker", flicker.toggle()); tools.add("flicker"); changed(); },
  run: () => { if (flicker.on) flicker.run(); },
  step: () => { if (flicker.on) flicker.step(); },
  faster: (by) => { if (flicker.on) flicker.faster(by); },
  checklist: () => { openDrawer(true); form.querySelector(".component input[type=checkbox]").focus(); },
  drawer: () => openDrawer(form.hidden),
  keys: () => byId("keys").showModal(),
  nearer: (by) => onTargets((pane) => zoomed(pane.view, pane.size, NEARER ** by, middleOf(pane)), "zoom"),
  turn: (degrees) => onTargets((pane) => turnedBy(pane.view, degrees), "turn"),
  light: (name, by) => adjustments.step(name, by),
  move: (key) => onTargets((pane) => panned(pane.view, pane.size, ...ARROWS[key].map((step) => -step * MOVE)), "pan"),
  original: (on) => {
    if (on) tools.add("original");
    pressed("original", on);
    for (const pane of panes) { pane.original = on; pane.element.classList.toggle("original", on); pane.draw(); }
  },
};

function pressed(name, on) { tool(name).setAttribute("aria-pressed", on); }

function openDrawer(open) {
  form.hidden = !open;
  tool("drawer").setAttribute("aria-expanded", open);
}

// One candidate after the other

/** What is to be kept of the candidate in sight. */
function content() {
  return {
    components: checklist.read(), markers: markers.pairs, tools: [...tools], shown: reference.number,
    references: [...lookedAt], seconds: clock.seconds,
    adjustments: { probe: bounded(probe.view), candidate: bounded(candidate.view), linked },
  };
}

function bounded(view) {
  return Object.fromEntries(Object.entries(view).map(([name, value]) => [name, name in BOUNDS ? clamp(value, BOUNDS[name]) : value]));
}

/** Go to another retained candidate; what was said of this one is saved first. */
function turnTo(index, { push = true } = {}) {
  kept[present] = content();
  form.dispatchEvent(new Event("draft:leave"));
  present = index;
  form.dataset.draft = data.candidates[index].draft;
  form.toggleAttribute("data-draft-new", !("seconds" in kept[index]));
  if (push) history.pushState(null, "", data.candidates[index].page);
  open();
  form.dispatchEvent(new Event("draft:begin"));
}

/** Show a candidate as they were left; for a new one the light of the probe stays as it was set. */
function open(wanted) {
  const { markers: pairs = [], adjustments: views, ...rest } = kept[present];
  const lit = Object.fromEntries(LIGHT.map((name) => [name, probe.view[name]]));
  probe.view = { ...untouched(), ...(views?.probe ?? lit) };
  candidate.view = { ...untouched(), ...views?.candidate };
  linked = views?.linked ?? true;
  tools = new Set(rest.tools);
  lookedAt = new Set(rest.references);
  clock.seconds = rest.seconds ?? 0;
  pressed("link", linked);
  checklist.write(rest.components ?? {});
  markers.load(pairs);
  describe();
  showReference(wanted ?? rest.shown ?? 1, { note: false });
  fetchAhead();
}

function describe() {
  const all = data.candidates.length, last = present === all - 1;
  if (all > 1) byId("which").textContent = `Candidate ${present + 1} of ${all} retained`;
  byId("onward").textContent = last ? "Conclude" : "Next retained";
  byId("previous").hidden = present === 0;
  if (present > 0) byId("previous").href = data.candidates[present - 1].page;
  const { references } = data.candidates[present];
  byId("references").hidden = references.length === 1;
  if (byId("references").dataset.of !== String(present)) byId("references").replaceChildren(...references.map(link));
  byId("references").dataset.of = present;
}

function link({ number, crop }) {
  const made = Object.assign(document.createElement("a"), { href: `?reference=${number}` });
  made.dataset.reference = number;
  made.append(Object.assign(new Image(44, 44), { src: crop, alt: `Reference ${number}` }));
  return made;
}

function showReference(number, { note = true } = {}) {
  const { references } = data.candidates[present];
  reference = references[number - 1] ?? references[0];
  lookedAt.add(reference.number);
  for (const one of byId("references").children) {
    if (Number(one.dataset.reference) === reference.number) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  byId("which-reference").textContent = "The candidate" + (references.length > 1 ? `, reference ${reference.number} of ${references.length}` : "");
  showPicture(reference.image);
  markers.show(reference.number);
  redraw();
  if (note) changed();
}

/** Put a picture in at once where it is decoded, else as soon as it is; never leave another one standing for it. */
function showPicture(address) {
  const wanted = picture(address);
  wanted.image.alt = "The candidate";
  if (wanted.ready) candidate.show(wanted.image);
  else {
    candidate.show(null);
    wanted.decoded.then(() => { if (reference.image === address) candidate.show(wanted.image); });
  }
}

/** What is likely to be asked for next comes first: the next one, the one before, this one's references, the others. */
function fetchAhead() {
  const near = [present + 1, present - 1].map((index) => data.candidates[index]).filter(Boolean);
  const first = [...near, ...data.candidates].map((one) => one.references[(one.kept.shown ?? 1) - 1] ?? one.references[0]);
  prefetch([first[0], ...data.candidates[present].references, ...first].map((one) => one.image));
}

// Wiring

form.addEventListener("draft:content", ({ detail }) => {
  for (const name of Object.keys(detail)) delete detail[name];
  Object.assign(detail, content());
});
form.addEventListener("submit", (event) => {
  if (present < data.candidates.length - 1) {
    event.preventDefault();
    turnTo(present + 1);
  } else form.elements.comparison.value = JSON.stringify(content());
});
for (const button of document.querySelectorAll("button[data-does]")) {
  if (button.dataset.does !== "original") button.addEventListener("click", () => does[button.dataset.does]());
}
for (const [kinds, on] of [[["pointerdown"], true], [["pointerup", "pointerleave", "pointercancel", "blur"], false]]) {
  for (const kind of kinds) tool("original").addEventListener(kind, () => does.original(on));
}
for (const [kind, on] of [["keydown", true], ["keyup", false]]) {
  tool("original").addEventListener(kind, (event) => { if ([" ", "Enter"].includes(event.key)) does.original(on); });
}
byId("references").addEventListener("click", (event) => {
  const one = event.target.closest("[data-reference]");
  if (!one || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showReference(Number(one.dataset.reference));
});
byId("previous").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  does.previous();
});
window.addEventListener("popstate", () => {
  const index = data.candidates.findIndex((one) => one.page === location.pathname);
  if (index !== -1 && index !== present) turnTo(index, { push: false });
});
listen(does);
byId("references").dataset.of = present;
open(Number(new URLSearchParams(location.search).get("reference")) || undefined);
