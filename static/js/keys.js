// Keys of a page: an element with data-key is clicked by its key, and "?" opens the sheet that names them.

const sheet = document.getElementById("keys");

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select") !== null;
}

function openSheet() {
  if (!sheet.open) sheet.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "?" && sheet) {
    event.preventDefault();
    openSheet();
    return;
  }
  if (sheet?.open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (element) {
    event.preventDefault();
    element.click();
  }
});

for (const opener of document.querySelectorAll("[data-opens=keys]")) {
  opener.hidden = false;
  opener.addEventListener("click", openSheet);
}
