// Without this script the page shows the same; with it tables sort, charts name the day under the
// mouse, and a link to a day opens the table that holds it.
"use strict";
for (const head of document.querySelectorAll("table.data thead")) {
  [...head.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const down = cell.getAttribute("aria-sort") !== "descending";
      for (const other of head.rows[0].cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = head.parentElement.tBodies[0];
      const read = (row) => row.cells[column].textContent.trim();
      const number = (text) => Number.parseFloat(text.replace(/[,v%<]/g, ""));
      const numeric = head.parentElement.classList.contains(`n${column + 1}`);
      const order = (a, b) => {
        const [x, y] = [number(read(a)), number(read(b))];
        if (numeric && (Number.isNaN(x) || Number.isNaN(y))) return Number.isNaN(x) - Number.isNaN(y);
        return (down ? -1 : 1) * (numeric ? x - y : read(a).localeCompare(read(b)));
      };
      body.replaceChildren(...[...body.rows].sort(order));
    });
  });
}
for (const panel of document.querySelectorAll(".panel.drawn")) {
  panel.scrollLeft = panel.scrollWidth;
  const grid = panel.querySelector("svg[data-first]");
  const note = panel.nextElementSibling;
  if (!grid || !note) continue;
  const still = note.textContent;
  const { first, count, right, width } = grid.dataset;
  const find = (event) => {
    const box = grid.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const number = Math.floor((x / right) * count);
    if (number < 0 || number >= count) return null;
    return new Date(Date.parse(first) + number * 86400000).toISOString().slice(0, 10);
  };
  panel.addEventListener("mousemove", (event) => {
    const day = find(event);
    const row = event.target.closest?.("g[data-row]")?.dataset.row;
    const mark = event.target.dataset?.word;
    note.textContent = day ? [day, row, mark].filter(Boolean).join(" · ") : still;
  });
  panel.addEventListener("mouseleave", () => { note.textContent = still; });
  panel.addEventListener("click", (event) => {
    const day = find(event);
    if (day && document.getElementById(day)) location.hash = day;
  });
}
const open = () => {
  const row = location.hash && document.getElementById(location.hash.slice(1));
  for (let part = row; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  if (row) row.scrollIntoView({ block: "center" });
};
addEventListener("hashchange", open);
open();
