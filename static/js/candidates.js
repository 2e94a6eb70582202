// The candidates: arrow keys move among them, and the primary action says what it will do.

const list = document.getElementById("candidates");
const boxes = [...list.querySelectorAll("input[type=checkbox]")];
const primary = document.getElementById("go-on");
const tally = document.getElementById("tally");

function count() {
  const retained = boxes.filter((box) => box.checked).length;
  primary.textContent = retained ? `Compare ${retained} retained` : "None of these: conclude";
  tally.textContent = `${retained} retained, ${boxes.length - retained} excluded`;
}

// How many stand in one row just now.
function columns() {
  const top = boxes[0].closest("li").offsetTop;
  const below = boxes.findIndex((box) => box.closest("li").offsetTop > top);
  return below === -1 ? boxes.length : below;
}

function step(key) {
  return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }[key];
}

list.addEventListener("keydown", (event) => {
  const from = boxes.indexOf(event.target);
  const by = step(event.key);
  if (from === -1 || by === undefined) return;
  event.preventDefault();
  const to = boxes[from + by];
  if (!to) return;
  to.focus({ preventScroll: true });
  to.closest("li").scrollIntoView({ block: "nearest" });
});

// From anywhere else on the page the first arrow key goes to the first candidate.
document.addEventListener("keydown", (event) => {
  const elsewhere = event.target === document.body || event.target.id === "work";
  if (elsewhere && event.key === "ArrowRight" && boxes.length) boxes[0].focus();
});

list.addEventListener("change", count);
window.addEventListener("pageshow", count);
count();
