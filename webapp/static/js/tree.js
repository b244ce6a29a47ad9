/** A tree of rows (`[data-tree]`): dragged by hand, or moved with Alt and the arrows while a row has the focus.
 *
 * [data-node=id][data-parent=id or ""][data-url][data-label]   rows in the order of the tree
 * The POST to data-url has `parent` and `before` (the sister it stands in front of, "" behind all); the answer is
 * swapped into the element around the tree. A row with data-focus is focused when it comes.
 */
import { announce, on, onContent } from "./dom.js";

const rowsOf = (tree) => [...tree.querySelectorAll("[data-node]")];
const sistersOf = (row) => rowsOf(row.closest("[data-tree]")).filter((one) => one.dataset.parent === row.dataset.parent);

function isInside(row, other) {
  const rows = rowsOf(row.closest("[data-tree]"));
  for (let at = other; at; at = rows.find((one) => one.dataset.node === at.dataset.parent)) if (at === row) return true;
  return false;
}

function move(row, parent, before) {
  const tree = row.closest("[data-tree]");
  window.htmx.ajax("POST", row.dataset.url, { source: row, target: tree.parentElement, swap: "innerHTML", values: { parent, before } });
  announce(row.dataset.label);
}

const KEYS = {
  ArrowUp(row, sisters, at) { if (at > 0) move(row, row.dataset.parent, sisters[at - 1].dataset.node); },
  ArrowDown(row, sisters, at) { if (at < sisters.length - 1) move(row, row.dataset.parent, sisters[at + 2]?.dataset.node || ""); },
  ArrowRight(row, sisters, at) { if (at > 0) move(row, sisters[at - 1].dataset.node, ""); },
  ArrowLeft(row) {
    const above = rowsOf(row.closest("[data-tree]")).find((one) => one.dataset.node === row.dataset.parent);
    if (!above) return;
    const theirs = sistersOf(above);
    move(row, above.dataset.parent, theirs[theirs.indexOf(above) + 1]?.dataset.node || "");
  },
};

on("keydown", "[data-node]", (event, row) => {
  if (event.isComposing || event.target !== row) return;
  if (event.key === "Enter") row.querySelector("a[href]")?.click();
  if (!event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    const rows = rowsOf(row.closest("[data-tree]"));
    rows[rows.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1)]?.focus();
    event.preventDefault();
  }
  if (!event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  const sisters = sistersOf(row);
  KEYS[event.key](row, sisters, sisters.indexOf(row));
});

let lifted = null;

/** Where the pointer is over a row: its upper and lower quarter are places beside it, the middle is under it. */
function place(event, row) {
  const box = row.getBoundingClientRect();
  const share = (event.clientY - box.top) / box.height;
  return share < 0.25 ? "before" : share > 0.75 ? "after" : "under";
}

function mark(row, where) {
  document.querySelectorAll("[data-drop]").forEach((one) => one.removeAttribute("data-drop"));
  if (row) row.dataset.drop = where;
}

on("dragstart", "[data-node]", (event, row) => {
  lifted = row;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.label);
});
on("dragover", "[data-node]", (event, row) => {
  if (!lifted || isInside(lifted, row)) return;
  event.preventDefault();
  mark(row, place(event, row));
});
on("drop", "[data-node]", (event, row) => {
  if (!lifted || isInside(lifted, row)) return;
  event.preventDefault();
  const where = place(event, row);
  const sisters = sistersOf(row).filter((one) => one !== lifted);
  if (where === "under") move(lifted, row.dataset.node, "");
  else if (where === "before") move(lifted, row.dataset.parent, row.dataset.node);
  else move(lifted, row.dataset.parent, sisters[sisters.indexOf(row) + 1]?.dataset.node || "");
});
on("dragend", "[data-node]", () => { lifted = null; mark(null); });

onContent((root) => {
  const row = root.querySelector("[data-node][data-focus]");
  if (!row) return;
  row.removeAttribute("data-focus");
  row.focus();
});
