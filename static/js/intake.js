// Intake: files are dropped or chosen, and sent one by one. Each has a row that says what became of it; one that could not
// be sent can be sent again without the others. Without this script the form sends them all at once.

import { takeDropped } from "./dropping.js";

const AT_ONCE = 2;
const form = document.getElementById("intake");
const area = form.querySelector(".drop");
const input = form.querySelector("input[type=file]");
const panel = document.getElementById("upload");
const list = panel.querySelector(".rows");
const words = panel.querySelector("[role=status]");
const bar = panel.querySelector("progress");
const retry = document.getElementById("retry");
const template = document.getElementById("upload-row");

/** What was handed in since the last time nothing was under way: { file, row, state: waiting | sending | received | refused | failed } */
let uploads = [];

class NotSent extends Error {}

form.noValidate = true;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  input.click();
});
input.addEventListener("change", () => {
  add([...input.files]);
  input.value = "";
});
retry.addEventListener("click", () => {
  for (const upload of uploads) if (upload.state === "failed") say(upload, "waiting");
  work();
});

takeDropped(area, ({ items }) => add([...items].filter((item) => item.kind === "file").map(fileOf)));

window.addEventListener("beforeunload", (event) => {
  if (uploads.some(isUnderWay)) event.preventDefault();
});

/** A dropped folder comes as something that looks like a file and can't be read. */
function fileOf(item) {
  const file = item.getAsFile();
  file.isFolder = Boolean(item.webkitGetAsEntry?.()?.isDirectory);
  return file;
}

function add(files) {
  if (!files.length) return;
  if (!uploads.some(isUnderWay)) forget((upload) => upload.state !== "failed");
  for (const file of files) {
    const upload = { file, row: template.content.cloneNode(true).firstElementChild };
    upload.row.querySelector(".name").textContent = file.name;
    uploads.push(upload);
    list.append(upload.row);
    if (file.isFolder) {
      say(upload, "refused", "This is a folder. Open it and put its photographs here.");
      continue;
    }
    upload.row.querySelector(".size").textContent = sizeInWords(file.size);
    showThumbnail(upload);
    say(upload, "waiting");
  }
  panel.hidden = false;
  work();
}

function showThumbnail({ file, row }) {
  if (!file.type.startsWith("image/")) return;
  const image = row.querySelector("img");
  const address = URL.createObjectURL(file);
  const done = () => URL.revokeObjectURL(address);
  image.addEventListener("load", done, { once: true });
  image.addEventListener("error", () => { done(); image.removeAttribute("src"); }, { once: true });
  image.src = address;
}

function forget(which) {
  for (const upload of uploads.filter(which)) upload.row.remove();
  uploads = uploads.filter((upload) => !which(upload));
}

/** Send what waits, AT_ONCE at a time; when nothing is under way any more, let the page show what came in. */
function work() {
  tell();
  const sending = uploads.filter((upload) => upload.state === "sending").length;
  const next = uploads.filter((upload) => upload.state === "waiting").slice(0, AT_ONCE - sending);
  for (const upload of next) send(upload).finally(work);
  if (!uploads.some(isUnderWay)) finish();
}

async function send(upload) {
  say(upload, "sending");
  try {
    const { state, reason } = await post(upload.file);
    say(upload, state, reason);
  } catch (error) {
    say(upload, "failed", error instanceof NotSent ? error.message : "The connection was lost. Send it again when it is back.");
  }
}

async function post(file) {
  const body = new FormData();
  body.append(input.name, file);
  const answer = await fetch(form.action, {
    method: "POST",
    body,
    headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  });
  if (answer.redirected) throw new NotSent("You are signed out. Sign in in another tab, then send it again.");
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) {
    throw new NotSent("The server could not take it now. Send it again in a minute.");
  }
  const told = await answer.json();
  if (!answer.ok) throw new NotSent(told.error);
  return told.files[0];
}

/** What was received or refused stands in the list of the case from now on; its row goes, what was not sent stays. */
function finish() {
  const told = uploads.filter((upload) => upload.state !== "failed" && !upload.file.isFolder && upload.row.isConnected);
  if (!told.length) return;
  const refresh = window.htmx?.ajax("GET", location.pathname, { target: "#progress", swap: "outerHTML" });
  refresh?.then(() => told.forEach((upload) => upload.row.remove()));
}

const STATES = {
  waiting: "Waits to be sent",
  sending: "Being sent",
  received: "Received",
  refused: "Refused",
  failed: "Not sent",
};

function say(upload, state, reason = "") {
  upload.state = state;
  const shown = upload.row.querySelector(".state");
  shown.textContent = STATES[state];
  shown.classList.toggle("refusal", state === "refused" || state === "failed");
  upload.row.querySelector(".reason").textContent = reason;
}

/** One bar and one sentence for all; what was not sent isn't done, and what is done stays counted until files are added. */
function tell() {
  const count = (state) => uploads.filter((upload) => upload.state === state).length;
  const parts = [`${count("received")} of ${uploads.length} received`];
  if (count("refused")) parts.push(`${count("refused")} refused`);
  if (count("failed")) parts.push(`${count("failed")} not sent`);
  words.textContent = parts.join(", ");
  bar.max = Math.max(uploads.length, 1);
  bar.value = count("received") + count("refused");
  retry.hidden = !count("failed") || uploads.some(isUnderWay);
}

function isUnderWay(upload) {
  return upload.state === "waiting" || upload.state === "sending";
}

function sizeInWords(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
