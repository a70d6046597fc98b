// Appended to a copy of a report by test_report.sh: clicks through the page and leaves what it found in the DOM,
// which chromium prints.
"use strict";
(function () {
  const found = [];
  const note = (what, ok) => found.push((ok ? "ok " : "FAILED ") + what);
  const rowNames = (table) => Array.from(table.tBodies[0].rows, (row) => row.cells[0].textContent);
  const button = (table, title) =>
    Array.from(table.tHead.querySelectorAll("button")).find((b) => b.textContent.startsWith(title));

  // Every header is a button in a th that says how it is sorted.
  const table = document.getElementById("metrics");
  const headers = Array.from(table.tHead.rows[0].cells);
  note("headers are buttons with aria-sort", headers.every((h) => h.querySelector("button") && h.ariaSort === "none"));

  // Sorting by numbers, up and down.
  const cost = button(table, "cost");
  const values = () =>
    Array.from(table.tBodies[0].rows, (row) => Number(row.cells[cost.closest("th").cellIndex].dataset.value));
  const unsorted = values();
  cost.click();
  note("a click sorts upwards", values().every((v, i, all) => !i || all[i - 1] <= v));
  note("aria-sort says ascending", cost.closest("th").ariaSort === "ascending");
  cost.click();
  note("a second click sorts downwards", values().every((v, i, all) => !i || all[i - 1] >= v));
  note("aria-sort says descending", cost.closest("th").ariaSort === "descending");
  note("no row is lost", values().sort().join() === unsorted.sort().join());
  note("the test's rows have different costs", new Set(unsorted).size > 2);
  button(table, "policy").click();
  const names = rowNames(table);
  note("names sort as words", names.join() === names.slice().sort().join());
  note("one column is sorted at a time", headers.filter((h) => h.ariaSort !== "none").length === 1);

  // More columns.
  const more = document.querySelector("[data-more=metrics]");
  const extra = table.querySelector("td.extra");
  note("extra columns are hidden at first", getComputedStyle(extra).display === "none");
  more.click();
  note("a click shows them", getComputedStyle(extra).display !== "none" && more.ariaPressed === "true");
  more.click();

  // The comparison: the three views of a cell.
  const cell = document.querySelector("#comparison td.better, #comparison td.worse");
  note("something differs", cell !== null);
  const text = () => cell.querySelector(".value").textContent;
  const view = (name) => document.querySelector(`[data-view=${name}]`);
  note("difference at first", text() === cell.dataset.difference && view("difference").ariaPressed === "true");
  view("this").click();
  note("a click shows this run", text() === cell.dataset.this && view("this").ariaPressed === "true");
  view("other").click();
  note("a click shows the other run", text() === cell.dataset.other && view("this").ariaPressed === "false");
  note("this - other = difference",
    Math.abs(cell.dataset.this - cell.dataset.other - cell.dataset.difference) < 0.02 * Math.abs(cell.dataset.this));
  view("difference").click();
  note("and back", text() === cell.dataset.difference);

  // The page as a whole.
  const ids = Array.from(document.querySelectorAll("[id]"), (e) => e.id);
  note("no id stands twice", new Set(ids).size === ids.length);
  note("pictures are there, with words for them",
    document.querySelectorAll("figure img[alt]").length === document.querySelectorAll("figure").length);
  note("every picture can be shown",
    Array.from(document.images).every((i) => i.complete && i.naturalWidth > 0 && i.src.startsWith("data:")));
  note("links within the page lead somewhere",
    Array.from(document.querySelectorAll("a[href]")).every((a) => document.getElementById(a.hash.slice(1))));
  note("the page is no wider than the window", document.documentElement.scrollWidth <= window.innerWidth);
  note("nothing was fetched", performance.getEntriesByType("resource").every((r) => r.name.startsWith("data:")));

  const list = document.createElement("pre");
  list.id = "found";
  list.textContent = "\n" + found.join("\n") + "\n";
  document.body.append(list);
})();
