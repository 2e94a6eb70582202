// Work in progress is kept as it is made: a form with data-draft="<address>" is sent there as JSON a moment after each
// change, and when the page is left. Passwords are never sent. Without this script nothing is kept before it is recorded.
//
// Where a page holds more than its fields say, it listens for "draft:content" on the form and adds to event.detail; it
// dispatches "change" on the form when that more has changed. The time of saving goes into [data-draft-status].
//
// A form that comes to hold something else (another candidate) dispatches "draft:leave" while it still holds the old,
// and "draft:begin" once its fields and its address are those of the new. With data-draft-new it is kept when it is left
// even though nothing was changed: that it was looked at counts.

const AFTER_CHANGE = 2000;
const AT_THE_LATEST = 6000;
const TRY_AGAIN = 5000;
const NEVER_SENT = ["csrfmiddlewaretoken", "password"];
const NO_CONTENT = ["password", "submit", "button", "reset", "file", "fieldset", "output", "image"];

function contentOf(form) {
  const content = {};
  for (const field of form.elements) {
    if (!field.name || NEVER_SENT.includes(field.name) || NO_CONTENT.includes(field.type)) continue;
    if (field.type === "checkbox") content[field.name] = [...(content[field.name] ?? []), ...(field.checked ? [field.value] : [])];
    else if (field.type !== "radio" || field.checked) content[field.name] = field.value;
  }
  form.dispatchEvent(new CustomEvent("draft:content", { detail: content }));
  return content;
}

function keep(form) {
  const status = form.querySelector("[data-draft-status]") ?? document.querySelector("[data-draft-status]");
  let saved = asKept();
  let changedAt = 0;
  let timer = 0;
  let under = null;
  let over = false;

  function say(sentence, refused = false) {
    if (!status) return;
    // Read out only where something is wrong: "Saved" every few seconds would talk over everything else.
    if (refused) status.setAttribute("role", "alert");
    else status.removeAttribute("role");
    status.classList.toggle("refused", refused);
    status.textContent = sentence;
  }

  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(save, milliseconds);
  }

  function changed() {
    if (over) return;
    changedAt ||= Date.now();
    later(Math.max(0, Math.min(AFTER_CHANGE, changedAt + AT_THE_LATEST - Date.now())));
  }

  function send(body, keepalive) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    return fetch(form.dataset.draft, { method: "POST", headers, body, keepalive, credentials: "same-origin" });
  }

  async function save() {
    clearTimeout(timer);
    if (over || under) return;
    const body = JSON.stringify(contentOf(form));
    changedAt = 0;
    if (body === saved) return;
    try {
      under = send(body, false);
      await answered(await under, body);
    } catch {
      say("Not saved, since the server can't be reached. It is tried again.", true);
      later(TRY_AGAIN);
    } finally {
      under = null;
      if (changedAt) changed();
    }
  }

  async function answered(response, body) {
    if (response.status === 204) {
      saved = body;
      say(`Saved ${new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`);
      return;
    }
    const sentence = (await response.json().catch(() => ({}))).sentence;
    // 409: the place is no longer this person's, so nothing more will be kept.
    over = response.status === 409;
    say(sentence ?? "Not saved. Load the page again to go on.", true);
  }

  function leave() {
    clearTimeout(timer);
    const body = JSON.stringify(contentOf(form));
    if (over || body === saved) return;
    saved = body;
    send(body, true).catch(() => { saved = ""; });
  }

  function asKept() {
    return "draftNew" in form.dataset ? "" : JSON.stringify(contentOf(form));
  }

  function begin() {
    saved = asKept();
    changedAt = 0;
    say("");
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  // What is submitted is recorded; a draft that came after it would be of no use.
  form.addEventListener("submit", (event) => {
    setTimeout(() => {
      if (event.defaultPrevented) return;
      clearTimeout(timer);
      over = true;
    });
  });
  window.addEventListener("pageshow", () => { over = false; });
  window.addEventListener("pagehide", leave);
  form.addEventListener("draft:leave", leave);
  form.addEventListener("draft:begin", begin);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
  });
}

for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
