"use strict";
for (const table of document.querySelectorAll("table.items")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const tools = table.closest("section").querySelector(".tools");
  const find = tools.querySelector(".find");
  const found = tools.querySelector(".found");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  tools.hidden = false;

  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase().trim();
    let count = 0;
    for (const row of rows) {
      row.hidden = !texts.get(row).includes(wanted);
      count += row.hidden ? 0 : 1;
    }
    found.textContent = wanted ? `${count} of ${rows.length}` : "";
  });

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = head.dataset.kind === "number"
        ? (a, b) => Number(value(a)) - Number(value(b))
        : (a, b) => value(a).localeCompare(value(b));
      rows.sort((a, b) => (down ? -1 : 1) * compare(a, b));
      body.append(...rows);
    });
  });
}
