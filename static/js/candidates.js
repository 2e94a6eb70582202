// The candidates by keys: arrows move among them, R or Space retains, X excludes, Enter goes on; the same key again takes
// the decision back. The page counts what is decided; the server asks for every decision all the same.

const list = document.getElementById("candidates");
const candidates = [...list.querySelectorAll("li")];
const tally = document.getElementById("tally");
const primary = document.getElementById("go-on");

const radio = (candidate, decision) => candidate.querySelector(`input[value=${decision}]`);
const decided = (candidate) => candidate.querySelector("input:checked");
/** Where the focus of a candidate is: on what was decided, else on the first choice. */
const place = (candidate) => decided(candidate) ?? radio(candidate, "retain");

function count() {
  const number = (decision) => candidates.filter((candidate) => radio(candidate, decision).checked).length;
  const [retained, excluded] = [number("retain"), number("exclude")];
  tally.textContent = `${retained} retained, ${excluded} excluded, ${candidates.length - retained - excluded} undecided.`;
}

// How many stand in one row just now.
function columns() {
  const top = candidates[0].offsetTop;
  const below = candidates.findIndex((candidate) => candidate.offsetTop > top);
  return below === -1 ? candidates.length : below;
}

const step = (key) => ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() })[key];

function move(candidate) {
  if (!candidate) return;
  place(candidate).focus({ preventScroll: true });
  candidate.scrollIntoView({ block: "nearest" });
}

function decide(candidate, decision) {
  const chosen = radio(candidate, decision);
  chosen.checked = !chosen.checked;
  place(candidate).focus({ preventScroll: true });
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
}

list.addEventListener("keydown", (event) => {
  const here = candidates.indexOf(event.target.closest("li"));
  if (here === -1 || event.ctrlKey || event.metaKey || event.altKey) return;
  const decision = { r: "retain", " ": "retain", x: "exclude" }[event.key.toLowerCase()];
  if (decision) decide(candidates[here], decision);
  else if (step(event.key)) move(candidates[here + step(event.key)]);
  else if (event.key === "Enter") primary.click();
  else return;
  event.preventDefault();
});

// From anywhere else on the page the first arrow key goes to the first candidate, and Enter goes on.
document.addEventListener("keydown", (event) => {
  if (event.target !== document.body && event.target.id !== "work") return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "ArrowRight" || event.key === "ArrowDown") move(candidates[0]);
  else if (event.key === "Enter") primary.click();
  else return;
  event.preventDefault();
});

list.addEventListener("change", count);
window.addEventListener("pageshow", count);
count();
