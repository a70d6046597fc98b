// The report's behaviour: sorting, more columns, and what the comparison shows. Without it the page is complete.
"use strict";
(function () {
  // The value a row is sorted by: a number where the cell has one, else its text; what is missing comes last.
  function valueOf(row, column) {
    const cell = row.cells[column];
    if (!("value" in cell.dataset)) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function compare(a, b, direction) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "string") return direction * a.localeCompare(b, "en", { numeric: true });
    return direction * (a - b);
  }

  function sort(table, header) {
    const column = header.cellIndex;
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort((r, s) => compare(valueOf(r, column), valueOf(s, column), ascending ? 1 : -1));
    body.append(...rows);
    for (const other of header.parentNode.cells) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  }

  function toggleColumns(button) {
    const more = document.getElementById(button.dataset.more).classList.toggle("more");
    button.setAttribute("aria-pressed", String(more));
  }

  function show(button) {
    for (const other of document.querySelectorAll("[data-view]"))
      other.setAttribute("aria-pressed", String(other === button));
    for (const cell of document.querySelectorAll("#comparison td")) {
      cell.querySelector(".value").textContent = cell.dataset[button.dataset.view];
      const verdict = cell.querySelector(".verdict");
      if (verdict) verdict.hidden = button.dataset.view !== "difference";
    }
  }

  for (const button of document.querySelectorAll("table.sortable thead button"))
    button.addEventListener("click", () => sort(button.closest("table"), button.closest("th")));
  for (const button of document.querySelectorAll("[data-more]"))
    button.addEventListener("click", () => toggleColumns(button));
  for (const button of document.querySelectorAll("[data-view]"))
    button.addEventListener("click", () => show(button));
  for (const element of document.querySelectorAll(".js")) element.hidden = false;
})();
