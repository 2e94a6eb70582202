// The page "Verify a bundle": a file is chosen or dropped, a worker verifies it, the verdict is put into words. Nothing is sent.

import { takeDropped } from "../dropping.js";
import { facts, reading, sentence, size } from "./words.js";

const form = document.getElementById("verify");
const area = form.querySelector(".drop");
const input = form.elements.bundle;
const running = document.getElementById("running");
const words = document.getElementById("read");
const begun = document.getElementById("begun");
const bar = running.querySelector("progress");
const result = document.getElementById("result");
const verify = document.getElementById("begin");
const stop = document.getElementById("stop");
const STOPPED = {
  verdict: "unusable",
  problem: "The verifier stopped, which a browser without modules in workers makes it do. Use a newer one, or verify.py.",
};

let file = null;
let worker = null;

for (const one of [form, verify]) one.hidden = false;
document.getElementById("without-script").hidden = true;

input.addEventListener("change", () => choose(input.files[0]));
stop.addEventListener("click", end);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (file) begin();
  else input.click();
});

takeDropped(area, ({ files }) => choose(files[0]));

function choose(chosen) {
  if (!chosen) return;
  end();
  file = chosen;
  result.hidden = true;
  area.querySelector("strong").textContent = file.name;
  area.querySelector(".help").textContent = `${size(file.size)}. Choose or drop another in its place.`;
}

function begin() {
  end();
  result.hidden = true;
  running.hidden = stop.hidden = false;
  begun.textContent = "The bundle is being read.";
  show({ done: 0, of: file.size, leaves: 0, shown: 0 });
  worker = new Worker(form.dataset.worker, { type: "module" });
  worker.addEventListener("message", ({ data }) => (data.verdict ? conclude(data.verdict) : show(data.progress)));
  worker.addEventListener("error", () => conclude(STOPPED));
  worker.postMessage({ file, checkpoint: kept(), keys: form.elements.keys.value.split(/\s+/).filter(Boolean) });
}

/** The checkpoint as it was signed: what copying adds or takes away at its ends is put right. */
function kept() {
  const text = form.elements.checkpoint.value.trim();
  return text ? `${text}\n` : null;
}

function end() {
  worker?.terminate();
  worker = null;
  running.hidden = stop.hidden = true;
  begun.textContent = "";
}

function show(progress) {
  words.textContent = reading(progress);
  bar.max = Math.max(progress.of, 1);
  bar.value = progress.done;
}

function conclude(verdict) {
  end();
  const { head, text, next, state } = sentence(verdict);
  const notice = result.querySelector(".notice");
  notice.className = `notice ${state}`;
  notice.querySelector("strong").textContent = head;
  notice.querySelector("span").textContent = text;
  const more = result.querySelector(".next");
  more.textContent = next ?? "";
  more.hidden = !next;
  result.querySelector("dl").replaceChildren(...(verdict.facts ? facts(verdict.facts).map(row) : []));
  result.hidden = false;
  result.focus();
}

function row([term, text, isCode]) {
  const [pair, dt, dd] = ["div", "dt", "dd"].map((name) => document.createElement(name));
  dt.textContent = term;
  if (isCode) dd.append(Object.assign(document.createElement("code"), { textContent: text }));
  else dd.textContent = text;
  pair.append(dt, dd);
  return pair;
}
