/** Tables of records (`table[data-grid]`): arrows walk among the cells, Enter or a click opens the row (`tr[data-open]`).
 *
 * One cell at a time is in the order of Tab; the head stays in sight; the next page comes by a sentinel (macro `sentinel`).
 */
import { isComposing } from "./composing.js";
import { isTyping, on, onContent } from "./dom.js";
import { open } from "./panel.js";

function rows(grid) {
  return [...grid.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.matches("[data-open]"));
}

function prepare(grid) {
  const all = rows(grid);
  for (const row of all) for (const cell of row.cells) if (!cell.hasAttribute("tabindex")) cell.tabIndex = -1;
  if (!all.length || grid.querySelector("td[tabindex='0']")) return;
  all[0].cells[Math.min(1, all[0].cells.length - 1)].tabIndex = 0;
}

/** Make `cell` the one that Tab reaches, and focus it. */
function go(grid, cell) {
  if (!cell) return;
  grid.querySelectorAll("td[tabindex='0']").forEach((one) => { one.tabIndex = -1; });
  cell.tabIndex = 0;
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

onContent((root) => root.querySelectorAll("table[data-grid]").forEach(prepare));

on("keydown", "table[data-grid] td", (event, cell) => {
  if (isComposing(event) || isTyping(event.target) || event.altKey) return;
  const grid = cell.closest("table");
  const row = cell.parentElement;
  const all = rows(grid);
  const at = all.indexOf(row);
  const page = Math.max(1, Math.floor((grid.parentElement.clientHeight - 80) / Math.max(1, row.offsetHeight)));
  const isFar = event.ctrlKey || event.metaKey;
  const target = {
    ArrowDown: [isFar ? all.length - 1 : at + 1, cell.cellIndex],
    ArrowUp: [isFar ? 0 : at - 1, cell.cellIndex],
    PageDown: [Math.min(at + page, all.length - 1), cell.cellIndex],
    PageUp: [Math.max(at - page, 0), cell.cellIndex],
    ArrowRight: [at, cell.cellIndex + 1],
    ArrowLeft: [at, cell.cellIndex - 1],
    Home: [isFar ? 0 : at, 0],
    End: [isFar ? all.length - 1 : at, row.cells.length - 1],
  }[event.key];
  if (target) {
    event.preventDefault();
    go(grid, all[target[0]]?.cells[target[1]]);
  } else if (event.key === "Enter" && event.target === cell) {
    event.preventDefault();
    const link = cell.querySelector("a[href]");
    if (isFar && link) window.open(link.href, "_blank", "noopener");
    else open(row);
  }
});

on("focusin", "table[data-grid] td", (event, cell) => {
  if (event.target !== cell || cell.tabIndex === 0) return;
  go(cell.closest("table"), cell);
});
