// Each finding has its scale: of a person seven levels, of nobody three, of a photograph found unsuitable none. Only the
// one that goes with what is chosen is shown, and its rows have keys. The server asks the same without this script.

const ROWS = "asdfghj";
const form = document.getElementById("sign");
const scales = ["field-level", "field-level_of_nobody"].map((id) => document.getElementById(id)).filter(Boolean);

function follow() {
  const chosen = form.querySelector("input[name=finding]:checked")?.dataset.gradedBy;
  for (const scale of scales) {
    const open = scale.id === chosen;
    scale.hidden = !open;
    scale.disabled = !open;
    scale.querySelectorAll("input").forEach((level, row) => {
      if (open) level.dataset.key = ROWS[row];
      else delete level.dataset.key;
    });
  }
}

for (const optional of form.querySelectorAll(".scale .optional")) optional.hidden = true;
form.addEventListener("change", follow);
window.addEventListener("pageshow", follow);
follow();
