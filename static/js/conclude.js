// The scale grades a candidate, so it is open only while a candidate is chosen. The server asks the same.

const form = document.getElementById("sign");
const scale = document.getElementById("field-level");

function follow() {
  if (!scale) return;
  const chosen = form.querySelector("input[name=finding]:checked");
  scale.disabled = !chosen || !("person" in chosen.dataset);
}

form.addEventListener("change", follow);
window.addEventListener("pageshow", follow);
follow();
