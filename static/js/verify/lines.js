// A member of the container as lines, and a line as an object, each in its one form.

import { concat, textOf, utf8 } from "./bytes.js";
import { NotCanonical, hasExactly, parseObject } from "./canonical.js";
import { Broken, need } from "./errors.js";

const NEWLINE = 10;
const LONGEST = 1 << 20; // bytes, without the newline
const TOO_LONG = "A line is longer than any that a bundle holds";
const NOTHING = new Uint8Array();

/** Yield the lines of some slices of bytes, many at a time; every line ends with a newline. */
export async function* lines(slices, name, longest = LONGEST) {
  let kept = NOTHING;
  let before = 0;
  for await (const slice of slices) {
    const end = slice.lastIndexOf(NEWLINE) + 1;
    if (end) {
      const batch = textLines(concat(kept, slice.subarray(0, end)), name, before);
      const long = batch.findIndex((line) => isLonger(line, longest));
      need(long < 0, TOO_LONG, at(name, before + long + 1));
      before += batch.length;
      yield batch;
      kept = NOTHING;
    }
    kept = concat(kept, slice.subarray(end));
    need(kept.length <= longest, TOO_LONG, at(name, before + 1));
  }
  need(kept.length === 0, "The last line doesn't end", at(name, before + 1));
}

/** A character takes one byte of UTF-8 at least, and three for each of its UTF-16 code units at most. */
const isLonger = (line, bytes) => line.length > bytes || (3 * line.length > bytes && utf8(line).length > bytes);

export const at = (name, line) => `${name}, line ${line}`;

function textLines(bytes, name, before) {
  const text = textOf(bytes);
  if (text === null) throw notText(bytes, name, before);
  const batch = text.split("\n");
  batch.pop();
  return batch;
}

/** Find the line that isn't text. */
function notText(bytes, name, before) {
  let line = before;
  for (let from = 0, end; from < bytes.length; from = end) {
    end = bytes.indexOf(NEWLINE, from) + 1;
    line += 1;
    if (textOf(bytes.subarray(from, end)) === null) break;
  }
  return new Broken("The line isn't UTF-8 text", at(name, line));
}

/** Return a line as parseObject does; say where one stands that isn't canonical. */
export function readLine(line, where) {
  try {
    return parseObject(line);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new Broken(`The line isn't canonical JSON: ${error.message}`, where);
  }
}

/** Return the object of a line that holds exactly these keys. */
export function objectWith(keys, line, where) {
  const { value } = readLine(line, where);
  need(hasExactly(value, keys), `The line doesn't hold exactly ${keys.join(", ")}`, where);
  return value;
}
