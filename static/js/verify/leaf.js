// What an entry's leaf holds: exactly these keys, each of its kind.

import { hasExactly, isObject } from "./canonical.js";
import { isHex } from "./bytes.js";
import { need } from "./errors.js";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const isText = (value) => typeof value === "string";
const isNumberOrNull = (value) => value === null || typeof value === "number";
export const isTime = (value) => isText(value) && TIME.test(value);
export const isUid = (value) => isText(value) && UID.test(value);

const COMMON = {
  actor: isNumberOrNull,
  actor_roles: (value) => Array.isArray(value) && value.every(isText),
  agency: isNumberOrNull,
  kind: isText,
  purpose: isText,
  recorded_at: isTime,
  request_id: isText,
  subject_id: isText,
  subject_type: isText,
  uid: isUid,
};
const VERSIONS = new Map([
  [1, { ...COMMON, payload: isObject, version: () => true }],
  [2, { ...COMMON, case: isText, commitment: (value) => isHex(value, 64), version: () => true }],
]);
const KEYS = new Map([...VERSIONS].map(([version, checks]) => [version, Object.keys(checks).sort()]));

/** Refuse a leaf that isn't one of a known version. */
export function checkLeaf(leaf, where) {
  const checks = VERSIONS.get(leaf?.version);
  need(checks, "The entry is of no version that this verifier knows", where);
  const keys = KEYS.get(leaf.version);
  need(hasExactly(leaf, keys), `The entry doesn't hold exactly ${keys.join(", ")}`, where);
  const wrong = keys.find((key) => !checks[key](leaf[key]));
  need(!wrong, `The entry's ${wrong} isn't what an entry holds there`, where);
}
