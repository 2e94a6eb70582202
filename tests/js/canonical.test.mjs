import assert from "node:assert/strict";
import { test } from "node:test";

import { NotCanonical, parse, parseObject, serialise } from "../../static/js/verify/canonical.js";

// RFC 8785, 3.2.3, with keys of ASCII only; and 3.2.2.2 on text.
const CANONICAL = [
  ['{"":1,"1":[],"A":{},"a":null,"aa":true}', "keys in the order of their code units"],
  ['"\\u000f\\nA\'B\\"\\\\\\\\\\"/"', "the escapes of RFC 8785 alone"],
  ['"\u20ac$\u2028\u007f\ud83d\ude02"', "nothing else is escaped"],
  ["9007199254740991", "the largest whole number"],
  ["-9007199254740991", "and the least"],
  ['{"__proto__":1,"constructor":2}', "keys that mean something in JavaScript"],
  [`${"[".repeat(64)}${"]".repeat(64)}`, "nested deeply"],
];

const REFUSED = [
  ["1.5", "a fraction"],
  ["1.0", "a fraction that is none"],
  ["1e3", "an exponent"],
  ["-0", "minus nothing"],
  ["01", "a leading nought"],
  ["9007199254740992", "a number that a double holds by chance"],
  ["9007199254740993", "a number that no double holds"],
  ["1e400", "no number at all"],
  ["NaN", "not JSON"],
  ['{"a":1,"a":1}', "a key twice"],
  ['{"b":1,"a":2}', "keys out of order"],
  ['{"\u00e9":1}', "a key that isn't ASCII"],
  ['{"a": 1}', "a space"],
  [" 1", "a space before"],
  ["1\n", "a newline behind"],
  ["\ufeff1", "a byte order mark"],
  ['"\\u0041"', "an escape that isn't needed"],
  ['"\\/"', "an escape that isn't needed either"],
  ['"\\u000F"', "an escape in capitals"],
  ['"\\u000a"', "a long escape where there is a short one"],
  ['"\\ud800"', "half a character"],
  ["", "nothing"],
  [`${"[".repeat(65)}${"]".repeat(65)}`, "nested too deeply"],
  [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, "nested so deeply that it exhausts a stack"],
];

for (const [text, what] of CANONICAL) {
  test(`canonical: ${what}`, () => assert.equal(serialise(parse(text)), text));
}

for (const [text, what] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(() => parse(text), NotCanonical);
    assert.throws(() => parseObject(`{"a":${text}}`), NotCanonical);
  });
}

test("half a character can't be written", () => {
  assert.throws(() => serialise("\ud800"), NotCanonical);
});

test("an object is taken apart into the texts of its members", () => {
  const { value, texts } = parseObject('{"!":2,"1":1,"a":{"b":[null,"\u20ac"]}}');
  assert.deepEqual(value, { "!": 2, 1: 1, a: { b: [null, "\u20ac"] } });
  assert.deepEqual(texts, { "!": "2", 1: "1", a: '{"b":[null,"\u20ac"]}' });
  for (const other of ["[1]", "1", "null", '"a"']) assert.throws(() => parseObject(other), NotCanonical);
});
