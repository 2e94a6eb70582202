// What the page says of a verdict.

const numbers = new Intl.NumberFormat("en-GB");
const dates = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});

export const number = (value) => numbers.format(value);
export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

export function size(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const [unit, name] = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([least]) => bytes >= least);
  return `${number(Math.round((10 * bytes) / unit) / 10)} ${name}`;
}

/** "2026-11-14T14:05:00.000000Z" as "14 Nov 2026, 14:05 UTC". */
export const moment = (time) => `${dates.format(new Date(time.replace(/\d{3}Z$/, "Z")))} UTC`;

export const reading = ({ done, of, leaves, shown }) =>
  `${size(done)} of ${size(of)} read; ${counted(leaves, "entry", "entries")} walked, ${number(shown)} of them shown`;

/** The verdict in one sentence, and what to make of it. */
export function sentence({ verdict, problem, where, facts }) {
  if (verdict === "unusable") return { head: "Nothing could be verified.", text: problem, state: "attention" };
  if (verdict === "broken") {
    return {
      head: "This bundle doesn't hold.", state: "refusal", text: `${problem}${where ? ` (${where})` : ""}.`,
      next: "A copy that was damaged on its way fails like this too. Keep this one as it is, ask for another, and verify that.",
    };
  }
  const whole = facts.shown === facts.size ? `all ${counted(facts.size, "entry", "entries")}` :
    `${number(facts.shown)} of ${counted(facts.size, "entry", "entries")}`;
  return {
    head: "This bundle holds.", state: "success",
    text: `It shows ${whole} of the log ${facts.origin}, each in its place and as it was when the log's key signed for it.`,
    next: facts.keyGiven || facts.kept !== null ? "" :
      "The key came with the bundle, and whoever makes up a log can make up its key: compare the key below with the one that the " +
      "agency has published, or give that one above and verify again.",
  };
}

/** Facts as [term, text, whether it is to be copied letter by letter]. */
export function facts(told) {
  const fromBundle = told.kept === null ? "which came with the bundle" : "trusted by the checkpoint that you kept";
  const key = told.keyGiven ? "trusted by the key that you gave" : fromBundle;
  return [
    ["Entries shown", shownOf(told)],
    ["Signed states", `${counted(told.checkpoints, "checkpoint")} and the closing one, over ${counted(told.closingSize, "entry", "entries")}`],
    ["Your checkpoint", told.kept === null ? "none was given" : `agrees: its ${counted(told.kept, "entry is", "entries are")} the first of this log`],
    ["Signing key", `${told.keyId}, ${key}`],
    ["The key in full", told.key, true],
    ["Root over all", told.root, true],
    ["Erased payloads", told.erased ? `${number(told.erased)}, each named by the entry that erased it` : "none among the entries shown"],
    ["Records", told.records ? `${counted(told.records, "file")}, each named by an entry` : "none"],
    ["Exported", `${moment(told.exportedAt)}${told.exportedBy === null ? "" : `, by person number ${told.exportedBy}`}`],
    ["Of", told.agency === null ? "all agencies" : `agency number ${told.agency}`],
    ["Chosen by", chosenBy(told.filters)],
  ];
}

const shownOf = ({ shown, size: all }) =>
  `${number(shown)} of ${number(all)}${shown < all ? `; of the other ${number(all - shown)} it shows that they exist, not what they say` : ""}`;

function chosenBy(filters) {
  const parts = Object.entries(filters).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return parts.length ? parts.join(", ") : "nothing: every entry that the exporter may see";
}
