// What is drawn over a photograph, as SVG. `scale` is how many pixels of the photograph one pixel of the screen is; all the rest
// is in pixels of the photograph.

const SVG = "http://www.w3.org/2000/svg";
const CORNERS = ["nw", "ne", "se", "sw"];
export const SMALLEST = 8;

export function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function frame(box, name, scale) {
  const sides = { x: box.left, y: box.top, width: Math.max(box.width, 0), height: Math.max(box.height, 0) };
  const both = element("g", { class: name });
  both.append(element("rect", { class: "casing", ...sides, "stroke-width": 3.5 * scale }));
  both.append(element("rect", { ...sides, "stroke-width": 1.5 * scale }));
  return both;
}

export const handles = (box, scale) => CORNERS.map((corner) => handle(box, corner, scale));

/** Handles stand outside of the corners, so that a small box can still be taken by its middle. */
function handle(box, corner, scale) {
  const reach = (matchMedia("(pointer: coarse)").matches ? 16 : 8) * scale;
  const [x, y] = cornerOf(box, corner);
  const out = [corner.includes("w") ? -1 : 1, corner.includes("n") ? -1 : 1];
  const made = element("g", { class: "handle", "data-corner": corner });
  made.append(element("circle", { class: "reach", cx: x + out[0] * reach * 0.5, cy: y + out[1] * reach * 0.5, r: reach * 1.25 }));
  made.append(element("rect", { x: x - 4 * scale, y: y - 4 * scale, width: 8 * scale, height: 8 * scale, "stroke-width": 1.5 * scale }));
  return made;
}

function cornerOf(box, corner) {
  return [corner.includes("w") ? box.left : box.left + box.width, corner.includes("n") ? box.top : box.top + box.height];
}

export function dot([x, y], index, scale) {
  const made = element("g", { class: "point" });
  made.append(element("circle", { cx: x, cy: y, r: 4 * scale, "stroke-width": 1.5 * scale }));
  made.append(element("text", { x: x + 7 * scale, y: y + 5 * scale, "font-size": 14 * scale, "stroke-width": 4 * scale }, String(index + 1)));
  return made;
}

export function crosshair([x, y], scale) {
  const arm = 14 * scale;
  const path = `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`;
  const made = element("g", { class: "cross" });
  made.append(element("path", { class: "casing", d: path, "stroke-width": 3.5 * scale }), element("path", { d: path, "stroke-width": 1.5 * scale }));
  return made;
}

/** Where the sides of a box come to lie when one of its corners is dragged. */
export function resized(box, corner, dx, dy) {
  const west = corner.includes("w");
  const north = corner.includes("n");
  const width = Math.max(SMALLEST, box.width + (west ? -dx : dx));
  const height = Math.max(SMALLEST, box.height + (north ? -dy : dy));
  return {
    left: west ? box.left + box.width - width : box.left,
    top: north ? box.top + box.height - height : box.top,
    width,
    height,
  };
}
