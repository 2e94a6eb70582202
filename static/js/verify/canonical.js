// Canonical JSON (RFC 8785), on what the log holds: text, whole numbers that a double holds exactly, true, false, null, lists, and
// objects whose keys are ASCII. Such a value has exactly one form, so a line is canonical when writing it again gives the same text.

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/; // nothing that JSON escapes
const ASCII = /^[\x00-\x7f]*$/;

const DEEPEST = 64; // lists and objects in one another: more were made to exhaust a reader's stack
const NOT_THE_FORM = "it isn't in the one form of RFC 8785";

/** Why something isn't canonical JSON, to stand behind "because". */
export class NotCanonical extends Error {}

/** Return the one JSON text of a value. */
export function serialise(value, level = 1) {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return whole(value);
  if (value === null || value === true || value === false) return String(value);
  if (level > DEEPEST) throw new NotCanonical("it is nested too deeply");
  if (Array.isArray(value)) return `[${value.map((one) => serialise(one, level + 1)).join(",")}]`;
  return objectText(value, level);
}

/** Return the value of canonical text; refuse every other way to write it. */
export function parse(text) {
  const value = read(text);
  if (serialise(value) !== text) throw new NotCanonical(NOT_THE_FORM);
  return value;
}

/** Return the object of canonical text, and the text of each of its members. */
export function parseObject(text) {
  const value = read(text);
  if (!isObject(value)) throw new NotCanonical("it isn't an object");
  const members = Object.keys(value).sort().map((key) => [key, serialise(value[key], 2)]);
  const again = members.map(([key, member]) => `${quoted(key)}:${member}`).join(",");
  if (`{${again}}` !== text) throw new NotCanonical(NOT_THE_FORM);
  return { value, texts: Object.fromEntries(members) };
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is an object with exactly these keys, which are given in their order. */
export function hasExactly(value, keys) {
  if (!isObject(value)) return false;
  const found = Object.keys(value).sort();
  return found.length === keys.length && found.every((key, index) => key === keys[index]);
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotCanonical("it isn't JSON");
  }
}

/** Sort keys by their UTF-16 code units, which is how JavaScript compares text. */
function objectText(value, level) {
  let members = "";
  for (const key of Object.keys(value).sort()) {
    if (!ASCII.test(key)) throw new NotCanonical("a key isn't ASCII");
    members += `${members && ","}${quoted(key)}:${serialise(value[key], level + 1)}`;
  }
  return `{${members}}`;
}

/** JSON.stringify escapes a text as RFC 8785 wants it, and would write a lone surrogate as an escape. */
function quoted(text) {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new NotCanonical("a text holds half a character");
  return JSON.stringify(text);
}

function whole(value) {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new NotCanonical("a number isn't a whole one below 2^53");
  return String(value);
}
