// How a picture is seen in a pane: plain arithmetic, nothing of the page. The picture itself is never changed.
//
// A view: which point of the picture is in the middle (x, y in fractions of its side), zoom (1: it just fits), turn
// (degrees clockwise), mirror; and brightness, contrast, gamma, grey, which are a matter of light.
// A pane: { width, height } in pixels of the screen. Points of a picture are fractions, points of a pane are pixels.

export const untouched = () => ({
  zoom: 1, x: 0.5, y: 0.5, turn: 0, brightness: 1, contrast: 1, gamma: 1, grey: false, mirror: false,
});

export const BOUNDS = {
  zoom: [0.5, 16], x: [-1, 2], y: [-1, 2], turn: [-180, 180], brightness: [0.3, 3], contrast: [0.3, 3], gamma: [0.3, 3],
};

// Where aligned eyes come to lie: level, at this share of the pane's height, this share of its shorter side apart.
const EYES_HIGH = 0.42;
const EYES_APART = 0.25;

export const clamp = (number, [low, high]) => Math.min(high, Math.max(low, number));
const radians = (degrees) => (degrees * Math.PI) / 180;

/** How many pixels of the screen the whole picture is wide and high. */
export const side = (view, pane) => Math.min(pane.width, pane.height) * view.zoom;

/** From the picture's axes to the screen's: mirrored, then turned. */
function turned(view, [x, y]) {
  const cos = Math.cos(radians(view.turn)), sin = Math.sin(radians(view.turn));
  const across = view.mirror ? -x : x;
  return [across * cos - y * sin, across * sin + y * cos];
}

function unturned(view, [x, y]) {
  const cos = Math.cos(radians(view.turn)), sin = Math.sin(radians(view.turn));
  const across = x * cos + y * sin;
  return [view.mirror ? -across : across, y * cos - x * sin];
}

export function toPane(view, pane, [u, v]) {
  const length = side(view, pane);
  const [x, y] = turned(view, [(u - view.x) * length, (v - view.y) * length]);
  return [pane.width / 2 + x, pane.height / 2 + y];
}

export function toPicture(view, pane, [x, y]) {
  const length = side(view, pane);
  const [u, v] = unturned(view, [x - pane.width / 2, y - pane.height / 2]);
  return [view.x + u / length, view.y + v / length];
}

/** The CSS matrix that shows a picture of this many pixels so. */
export function matrix(view, pane, pixels) {
  const scale = side(view, pane) / pixels;
  const [a, b] = turned(view, [scale, 0]);
  const [c, d] = turned(view, [0, scale]);
  const [e, f] = toPane(view, pane, [0, 0]);
  return `matrix(${[a, b, c, d, e, f].map((number) => number.toFixed(6)).join(",")})`;
}

/** The view in which this point of the picture lies at this place of the pane. */
function placed(view, pane, point, place) {
  const length = side(view, pane);
  const [u, v] = unturned(view, [place[0] - pane.width / 2, place[1] - pane.height / 2]);
  return { ...view, x: clamp(point[0] - u / length, BOUNDS.x), y: clamp(point[1] - v / length, BOUNDS.y) };
}

export function panned(view, pane, right, down) {
  const middle = [pane.width / 2, pane.height / 2];
  return placed(view, pane, [view.x, view.y], [middle[0] + right, middle[1] + down]);
}

/** Larger by a factor about a place of the pane, which keeps its point of the picture. */
export function zoomed(view, pane, factor, place) {
  const point = toPicture(view, pane, place);
  return placed({ ...view, zoom: clamp(view.zoom * factor, BOUNDS.zoom) }, pane, point, place);
}

/** Turned about the middle of the pane; degrees stay within half a turn. */
export function turnedBy(view, degrees) {
  const turn = view.turn + degrees;
  return { ...view, turn: turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn };
}

/** The view in which these eyes are level, at the place and of the distance that all aligned eyes have. */
export function aligned(view, pane, [left, right]) {
  const across = (right[0] - left[0]) * (view.mirror ? -1 : 1), down = right[1] - left[1];
  let angle = (Math.atan2(down, across) * 180) / Math.PI;
  if (view.mirror) angle = angle > 0 ? angle - 180 : angle + 180; // the left eye is on the right
  const shorter = Math.min(pane.width, pane.height);
  const zoom = clamp(EYES_APART / Math.hypot(across, down), BOUNDS.zoom);
  const level = { ...view, turn: clamp(-angle, BOUNDS.turn), zoom };
  const between = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  return placed(level, pane, between, [pane.width / 2, pane.height / 2 + (EYES_HIGH - 0.5) * shorter]);
}

/** The CSS filter for its light; nothing where the light is the picture's own. */
export function light(view, gammaFilter) {
  return [
    view.gamma !== 1 && `url("#${gammaFilter}")`,
    view.brightness !== 1 && `brightness(${view.brightness})`,
    view.contrast !== 1 && `contrast(${view.contrast})`,
    view.grey && "grayscale(1)",
  ].filter(Boolean).join(" ");
}
