/** Tables of records (`table[data-grid]`): arrows walk among the cells, with Shift they mark a range.
 *
 * One cell at a time is in the order of Tab. Enter or a click opens the row (`tr[data-open]`); where cells can be edited
 * (`table[data-cells]`, grid_edit.js) Enter edits and a click marks. The next page comes by a sentinel.
 */
import { isComposing } from "./composing.js";
import { isTyping, on, onContent } from "./dom.js";
import { open } from "./panel.js";

export function rows(grid) {
  return [...grid.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.matches("[data-open]") && !row.hidden);
}

function prepare(grid) {
  const all = rows(grid);
  for (const row of all) for (const cell of row.cells) if (!cell.hasAttribute("tabindex")) cell.tabIndex = -1;
  if (!all.length || grid.querySelector("td[tabindex='0']")) return;
  all[0].cells[Math.min(1, all[0].cells.length - 1)].tabIndex = 0;
}

/** Make `cell` the one that Tab reaches, and focus it. */
export function go(grid, cell) {
  if (!cell) return;
  grid.querySelectorAll("td[tabindex='0']").forEach((one) => { one.tabIndex = -1; });
  cell.tabIndex = 0;
  cell.focus({ preventScroll: true });
  reveal(grid, cell);
}

/** Bring a cell into sight, not under the head, the foot or the columns that stay. */
function reveal(grid, cell) {
  const wrap = grid.parentElement;
  const box = cell.getBoundingClientRect();
  const view = wrap.getBoundingClientRect();
  const top = view.top + (grid.tHead?.offsetHeight || 0);
  const bottom = view.bottom - (grid.tFoot?.offsetHeight || 0);
  if (box.top < top) wrap.scrollTop -= top - box.top;
  else if (box.bottom > bottom) wrap.scrollTop += box.bottom - bottom;
  if (cell.classList.contains("fz") || cell.cellIndex === 0) return;
  const frozen = [...cell.parentElement.cells].filter((one) => one.classList.contains("fz") || one.cellIndex === 0).reduce((sum, one) => sum + one.offsetWidth, 0);
  if (box.left < view.left + frozen) wrap.scrollLeft -= view.left + frozen - box.left;
  else if (box.right > view.right) wrap.scrollLeft += box.right - view.right;
}

onContent((root) => root.querySelectorAll("table[data-grid]").forEach(prepare));

// --- a range: from the cell where it began to the one with the focus ---

const ranges = new WeakMap();

/** The cells that are marked, row by row: the range, else the cell with the focus. */
export function marked(grid) {
  const cell = grid.querySelector("td[tabindex='0']");
  const from = ranges.get(grid)?.isConnected ? ranges.get(grid) : cell;
  if (!cell) return [];
  const all = rows(grid);
  const [top, bottom] = [all.indexOf(from.parentElement), all.indexOf(cell.parentElement)].sort((a, b) => a - b);
  const [left, right] = [from.cellIndex, cell.cellIndex].sort((a, b) => a - b);
  if (top < 0) return [[cell]];
  return all.slice(top, bottom + 1).map((row) => [...row.cells].slice(Math.max(1, left), right + 1));
}

function draw(grid) {
  grid.querySelectorAll("td.in").forEach((cell) => cell.classList.remove("in"));
  const range = marked(grid);
  if (!ranges.get(grid) || range.flat().length < 2) return;
  range.flat().forEach((cell) => cell.classList.add("in"));
}

function unmark(grid) {
  ranges.delete(grid);
  draw(grid);
}

/** Go to a cell; with `isRange` the range goes on to it, else it begins anew there. */
export function step(grid, cell, isRange) {
  if (!cell) return;
  if (isRange) ranges.set(grid, ranges.get(grid) || grid.querySelector("td[tabindex='0']") || cell);
  else ranges.delete(grid);
  go(grid, cell);
  draw(grid);
}

on("keydown", "table[data-grid] td", (event, cell) => {
  if (isComposing(event) || isTyping(event.target) || event.altKey || event.defaultPrevented) return;
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
    ArrowRight: [at, isFar ? row.cells.length - 1 : cell.cellIndex + 1],
    ArrowLeft: [at, isFar ? 1 : cell.cellIndex - 1],
    Home: [isFar ? 0 : at, Math.min(1, row.cells.length - 1)],
    End: [isFar ? all.length - 1 : at, row.cells.length - 1],
  }[event.key];
  if (target) {
    event.preventDefault();
    step(grid, all[target[0]]?.cells[target[1]], event.shiftKey);
  } else if (event.key === "Enter" && event.target === cell) {
    event.preventDefault();
    const link = cell.querySelector("a[href]");
    if (isFar && link) window.open(link.href, "_blank", "noopener");
    else open(row);
  } else if (event.key === "Escape" && ranges.get(grid)) {
    event.preventDefault();
    unmark(grid);
  }
});

on("focusin", "table[data-grid] td", (event, cell) => {
  if (event.target !== cell || cell.tabIndex === 0) return;
  step(cell.closest("table"), cell, false);
});

// The mouse marks a range by dragging, or by Shift and a press.
on("pointerdown", "table[data-cells] td", (event, cell) => {
  if (event.button || event.pointerType === "touch" || !cell.parentElement.matches("[data-open]") || cell.cellIndex === 0) return;
  const grid = cell.closest("table");
  if (event.shiftKey) {
    event.preventDefault();
    step(grid, cell, true);
    return;
  }
  const move = (moved) => {
    const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest?.("td");
    if (!over || over === cell || over.closest("table") !== grid || over.cellIndex === 0 || !over.parentElement.matches("[data-open]")) return;
    if (grid.querySelector("td[tabindex='0']") === over) return;
    getSelection().removeAllRanges();
    step(grid, over, true);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", () => document.removeEventListener("pointermove", move), { once: true });
});
