/** Order by hand: rows of a list (`[data-arrange] > [data-arranged]`) and headings of a grid.
 *
 * In a list: drag by `.m-grab`, or Alt with an arrow in a row; afterwards `m:arranged` is told to the form around it.
 * A heading is dragged to another place; the list is fetched with its columns in the new order (`#list[data-address]`).
 */
import { announce, on } from "./dom.js";

function told(list) {
  list.closest("form")?.dispatchEvent(new Event("m:arranged"));
}

on("pointerdown", "[data-arrange] .m-grab", (event, grab) => {
  if (event.button) return;
  event.preventDefault();
  const row = grab.closest("[data-arranged]");
  const list = row.parentElement;
  grab.setPointerCapture(event.pointerId);
  row.classList.add("lifted");
  let isMoved = false;
  const move = (moved) => {
    const over = [...list.children].find((one) => {
      const box = one.getBoundingClientRect();
      return one !== row && moved.clientY >= box.top && moved.clientY < box.bottom;
    });
    if (!over) return;
    const box = over.getBoundingClientRect();
    list.insertBefore(row, moved.clientY > box.top + box.height / 2 ? over.nextElementSibling : over);
    isMoved = true;
  };
  const end = () => {
    grab.removeEventListener("pointermove", move);
    row.classList.remove("lifted");
    if (isMoved) told(list);
  };
  grab.addEventListener("pointermove", move);
  grab.addEventListener("pointerup", end, { once: true });
  grab.addEventListener("pointercancel", end, { once: true });
});

on("keydown", "[data-arrange] [data-arranged]", (event, row) => {
  const by = event.altKey && { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  const focused = document.activeElement;
  row.parentElement.insertBefore(row, by < 0 ? other : other.nextElementSibling);
  focused.focus();
  announce(`${row.textContent.trim()} ${[...row.parentElement.children].indexOf(row) + 1}`);
  told(row.parentElement);
});

/** Fetch the list with these settings of its address otherwise. */
function listWith(changes) {
  const list = document.getElementById("list");
  const url = new URL(list.dataset.address, location.href);
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value);
  const path = url.pathname + url.search;
  return window.htmx.ajax("GET", path, { source: list, target: list, swap: "outerMorph", push: path });
}

let wasDragged = false;

on("pointerdown", "table[data-grid] thead th[data-key]", (event, head) => {
  if (event.button || event.pointerType === "touch" || event.target.closest("[data-grip], .m-colmenu")) return;
  const row = head.parentElement;
  const heads = [...row.cells].filter((one) => one.dataset.key);
  const from = event.clientX;
  let target = null;
  wasDragged = false;
  const clear = () => heads.forEach((one) => one.classList.remove("drop-before", "drop-after"));
  const move = (moved) => {
    if (!wasDragged && Math.abs(moved.clientX - from) < 8) return;
    wasDragged = true;
    clear();
    target = heads.find((one) => {
      const box = one.getBoundingClientRect();
      return moved.clientX >= box.left && moved.clientX < box.right;
    });
    if (!target || target === head) return;
    const isAfter = heads.indexOf(target) > heads.indexOf(head);
    target.classList.add(isAfter ? "drop-after" : "drop-before");
  };
  const end = () => {
    document.removeEventListener("pointermove", move);
    clear();
    if (!wasDragged || !target || target === head) return;
    const keys = heads.map((one) => one.dataset.key);
    const there = heads.indexOf(target);
    keys.splice(there, 0, ...keys.splice(heads.indexOf(head), 1));
    listWith({ cols: keys.join(",") });
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end, { once: true });
});
// The press that ends a drag is no press on the heading.
document.addEventListener("click", (event) => {
  if (!wasDragged || !event.target.closest?.("table[data-grid] thead")) return;
  wasDragged = false;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("dragstart", (event) => { if (event.target.closest?.("table[data-grid] thead")) event.preventDefault(); });
