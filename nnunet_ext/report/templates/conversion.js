"use strict";
// Sorting and filtering. The page is complete without it: what only works with it is hidden until it runs.
const filter = document.getElementById("filter");
const words = document.getElementById("words");
const site = document.getElementById("site");
const shown = document.getElementById("shown");
const table = document.getElementById("table");
const items = [...document.querySelectorAll("[data-site]")].map(
  (item) => ({ item, site: item.dataset.site, text: item.textContent.toLowerCase() }));
const rows = table ? [...table.tBodies[0].rows] : [];

function narrow() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of items) {
    one.item.hidden = (site.value !== "" && one.site !== site.value) || !wanted.every((word) => one.text.includes(word));
  }
  shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} cases`;
}

function number(text) {
  return parseFloat(text.replace(/[\s,]/g, "").replace("\u2212", "-").replace(/^[<>\u2248~+]/, ""));
}

function compare(column, numeric, turn) {
  return (one, other) => {
    const [a, b] = [one, other].map((row) => row.cells[column].textContent.trim());
    if (!numeric) return turn * a.localeCompare(b, undefined, { numeric: true });
    const [x, y] = [number(a), number(b)];
    if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y); // what is missing comes last, either way
    return turn * (x - y);
  };
}

// Once upwards, once downwards, then back to the order of the page.
function sort(heading, column) {
  const next = { none: "ascending", ascending: "descending", descending: "none" }[heading.getAttribute("aria-sort")];
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", next);
  const turn = next === "descending" ? -1 : 1;
  const ordered = next === "none" ? rows : [...rows].sort(compare(column, heading.className === "number", turn));
  table.tBodies[0].append(...ordered);
}

if (table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  });
  words.addEventListener("input", narrow);
  site.addEventListener("change", narrow);
  filter.hidden = false;
  narrow();
}
