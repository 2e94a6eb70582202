// Files dropped on a page. The whole page takes them: one that misses the area would otherwise open in place of the page.

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

/** Give what is dropped (a DataTransfer) to `take`; `area` shows while something is held over the page. */
export function takeDropped(area, take) {
  let depth = 0;
  const enter = (by) => {
    depth = Math.max(0, depth + by);
    area.classList.toggle("over", depth > 0);
  };
  const on = (type, act) => document.addEventListener(type, (event) => carriesFiles(event) && act(event));
  area.classList.add("scripted");
  on("dragenter", () => enter(1));
  on("dragleave", () => enter(-1));
  on("dragover", (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  on("drop", (event) => {
    event.preventDefault();
    enter(-depth);
    take(event.dataTransfer);
  });
}
