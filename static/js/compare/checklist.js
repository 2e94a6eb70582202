// The checklist: fields of a form, read into what is kept of each component and written from it.

const ALIKE = ["similar", "somewhat", "different"];

export class Checklist {
  constructor(form) {
    this.form = form;
    this.rows = [...form.querySelectorAll("[data-component]")].map((row) => this.fields(row));
    this.tally = document.getElementById("rated");
    this.tally.hidden = false;
    form.addEventListener("change", (event) => this.rated(event.target));
  }

  fields(row) {
    const code = row.dataset.component;
    const named = (name) => this.form.elements[`${code}-${name}`];
    return {
      code, probe: named("probe"), candidate: named("candidate"), rating: named("rating"),
      explanation: named("explanation"), note: named("note"),
    };
  }

  /** What can be said to be alike or different was seen in both; a person may say otherwise. */
  rated(field) {
    const row = this.rows.find((one) => field.name === `${one.code}-rating`);
    if (row && ALIKE.includes(row.rating.value)) row.probe.checked = row.candidate.checked = true;
    this.count();
  }

  count() {
    const rated = this.rows.filter((row) => row.rating.value).length;
    this.tally.textContent = `${rated} of ${this.rows.length} rated`;
  }

  read() {
    return Object.fromEntries(this.rows.map((row) => [row.code, {
      probe: row.probe.checked, candidate: row.candidate.checked, similarity: row.rating.value,
      explanation: row.explanation.value, note: row.note.value,
    }]));
  }

  write(components) {
    for (const row of this.rows) {
      const said = components[row.code] ?? {};
      row.probe.checked = said.probe ?? false;
      row.candidate.checked = said.candidate ?? false;
      // Each by itself: setting the value of the group leaves another one checked where the value is empty.
      for (const choice of row.rating) choice.checked = choice.value === (said.similarity ?? "");
      row.explanation.value = said.explanation ?? "";
      row.note.value = said.note ?? "";
    }
    this.count();
  }
}
