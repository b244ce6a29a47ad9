/** Picking rows of a grid: a press on a row's number (Shift for a stretch), Space on it, or the box in the head.
 *
 * What is picked stands in `#picked` (a bar): `[data-count]`, buttons `[data-pick-all]`, `[data-unpick]`, and
 * `[data-bulk-post]` / `[data-bulk-open]` with what to ask the server. Forms `form[data-bulk]` are given the ids.
 */
import { isComposing } from "./composing.js";
import { isTyping, on, onContent, say } from "./dom.js";
import { rows } from "./grid.js";
import { idOf } from "./grid_edit.js";

let picked = new Set();
let isAll = false;
let last = null;
let address = "";

const grid = () => document.querySelector("table[data-grid]");

function draw() {
  const table = grid();
  const bar = document.getElementById("picked");
  if (!table || !bar) return;
  for (const row of rows(table)) {
    const isOn = isAll || picked.has(idOf(row));
    row.classList.toggle("picked", isOn);
    row.setAttribute("aria-selected", String(isOn));
  }
  const head = table.querySelector("[data-all-rows]");
  const all = rows(table);
  if (head) {
    head.checked = isAll || (all.length > 0 && all.every((row) => picked.has(idOf(row))));
    head.indeterminate = !head.checked && picked.size > 0;
  }
  const total = Number(bar.dataset.total || 0);
  const count = isAll ? total : picked.size;
  bar.hidden = count === 0 && !isAll;
  bar.querySelector("[data-count]").textContent = say("picked", { n: isAll && !total ? "…" : count.toLocaleString("en") });
  const every = bar.querySelector("[data-pick-all]");
  every.hidden = isAll || !head?.checked || !table.querySelector(".m-more");
}

function clear() {
  picked = new Set();
  isAll = false;
  last = null;
  draw();
}

function pick(row, isStretch) {
  const all = rows(grid());
  const id = idOf(row);
  isAll = false;
  if (isStretch && last) {
    const [from, to] = [all.findIndex((one) => idOf(one) === last), all.indexOf(row)].sort((a, b) => a - b);
    all.slice(Math.max(0, from), to + 1).forEach((one) => picked.add(idOf(one)));
  } else if (picked.has(id)) picked.delete(id);
  else picked.add(id);
  last = id;
  draw();
}

on("click", "table[data-grid][role=grid] tbody td:first-child", (event, cell) => {
  const row = cell.parentElement;
  if (!row.matches("[data-open]") || !document.getElementById("picked")) return;
  event.preventDefault();
  event.stopPropagation();
  pick(row, event.shiftKey);
}, true);

on("keydown", "table[data-grid][role=grid] td", (event, cell) => {
  if (event.key !== " " || isComposing(event) || isTyping(event.target) || !document.getElementById("picked")) return;
  if (!event.shiftKey && cell.cellIndex !== 0) return;
  event.preventDefault();
  pick(cell.parentElement, false);
});

on("change", "[data-all-rows]", (event, box) => {
  const all = rows(grid());
  isAll = false;
  if (box.checked) all.forEach((row) => picked.add(idOf(row)));
  else picked = new Set();
  draw();
});

on("click", "[data-pick-all]", async (event, button) => {
  isAll = true;
  draw();
  const answer = await fetch(button.dataset.pickAll, { headers: { Accept: "application/json" } });
  if (!answer.ok || !isAll) return;
  const { count, is_exact } = await answer.json();
  const bar = document.getElementById("picked");
  bar.dataset.total = count;
  draw();
  if (!is_exact) bar.querySelector("[data-count]").textContent += "+";
});

on("click", "[data-unpick]", clear);

function sent() {
  return isAll ? { all: "1" } : { ids: [...picked].join(",") };
}

on("click", "[data-bulk-post]", (event, button) => {
  window.htmx.ajax("POST", button.dataset.bulkPost, { source: button, swap: "none", values: { ...JSON.parse(button.dataset.values || "{}"), ...sent() } });
});

on("click", "[data-bulk-open]", (event, button) => {
  const bar = document.getElementById("picked");
  const count = isAll ? bar.dataset.total || "" : picked.size;
  window.htmx.ajax("GET", `${button.dataset.bulkOpen}&count=${count}`, { source: button, target: "#dialog", swap: "innerHTML" });
});

// The form of the dialog learns what is picked when it is sent.
document.addEventListener("htmx:config:request", (event) => {
  const form = event.detail.ctx.sourceElement?.closest?.("form[data-bulk]");
  if (!form || event.detail.ctx.request.method === "GET") return;
  const body = event.detail.ctx.request.body;
  for (const [name, value] of Object.entries(sent())) body?.set?.(name, value);
});

on("submit", "form[data-export-picked]", (event, form) => {
  form.querySelectorAll("[name=id]").forEach((one) => one.remove());
  for (const id of isAll ? [] : picked) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id }));
}, true);

document.addEventListener("m:picked", clear);
document.addEventListener("m:refetch", () => {
  const list = document.getElementById("list");
  if (list) window.htmx.ajax("GET", list.dataset.address, { source: list, target: list, swap: "outerMorph" });
});
document.addEventListener("m:job", (event) => {
  window.htmx.ajax("GET", event.detail.url, { source: document.getElementById("job"), target: "#job", swap: "innerHTML" });
});

onContent(() => {
  const now = document.getElementById("list")?.dataset.address || "";
  if (now !== address) { address = now; picked = new Set(); isAll = false; }
  draw();
});
