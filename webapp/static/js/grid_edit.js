/** Editing in the cells of a grid (`table[data-cells]` with the form's address, `[data-editors]` with that of its inputs).
 *
 * Enter, F2, a second press or typing opens the input of the cell's field over it; Enter saves and goes down, Tab to the
 * right, Esc takes back. Saves of a row wait for each other, because each needs the version that the one before made.
 * What is refused stays as it was typed, with the reason below it; what is stale shows both.
 */
import { isComposing } from "./composing.js";
import { isTyping, on, say } from "./dom.js";
import { go, rows, step } from "./grid.js";
import { fetchPart } from "./parts.js";

const PROBLEM = "cell-problem";
let templates = null; // field → template, of the editors' address they came from
let asking = null;
let editing = null; // { grid, id, key, box, before }
const lines = new Map(); // row → the save it waits for
const numbers = new Map(); // row → what its first cell said
export const undone = []; // change sets of this page that can be taken back, the last at the end

export const keyOf = (cell) => cell.closest("table").tHead.rows[0].cells[cell.cellIndex]?.dataset.key;
const headOf = (grid, key) => grid.tHead.rows[0].querySelector(`th[data-key="${CSS.escape(key)}"]`);
export const isEdited = (cell) => cell?.closest("table").tHead.rows[0].cells[cell.cellIndex]?.hasAttribute("data-edited");
export const idOf = (row) => row.id.replace("row-", "");
const cellAt = (grid, id, key) => document.getElementById(`row-${id}`)?.cells[headOf(grid, key)?.cellIndex];
export const rawOf = (cell) => cell.dataset.v ?? "";

/** The address of a piece of the list, with what the list asks. */
export function address(grid, path) {
  return `${grid.dataset.cells}${path}?${grid.dataset.query}`;
}

function fetchTemplates(grid) {
  const from = grid.dataset.editors;
  if (asking?.from !== from) asking = { from, answer: load(from) };
  return asking.answer;
}

async function load(from) {
  const answer = await fetchPart(from);
  if (!answer.ok) { asking = null; return {}; }
  const of = Object.fromEntries([...answer.page.querySelectorAll("template[data-editor]")].map((one) => [one.dataset.editor, one]));
  templates = { from, of };
  return of;
}

// The inputs are there before they are needed.
on("focusin", "table[data-cells] td", (event, cell) => { fetchTemplates(cell.closest("table")); });
on("pointerover", "table[data-cells] tbody", (event, body) => { fetchTemplates(body.closest("table")); });

function fill(form, key, cell, template) {
  const values = template.hasAttribute("data-multi") ? rawOf(cell).split("|").filter(Boolean) : [rawOf(cell)];
  for (const input of form.elements) {
    if (input.name !== key) continue;
    if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
    else input.value = values[0] ?? "";
  }
  const search = form.querySelector("[role=combobox]");
  if (search) {
    search.value = values[0] ? cell.textContent.trim() : "";
    search.dataset.taken = search.value;
  }
}

/** Open the editor over a cell; `typed` is the first letter, which replaces what stood there. */
export async function edit(cell, typed = null) {
  const grid = cell.closest("table");
  const key = keyOf(cell);
  const id = idOf(cell.parentElement);
  if (!isEdited(cell)) return false;
  const known = templates?.from === grid.dataset.editors ? templates.of : await fetchTemplates(grid);
  const template = known[key];
  if (!template || !cell.isConnected) return false;
  shut();
  const box = document.createElement("div");
  box.className = "m-celledit";
  box.append(template.content.cloneNode(true));
  place(box, grid, cell);
  grid.parentElement.append(box);
  const form = box.querySelector("form");
  editing = { grid, id, key, box, shape: template.dataset.shape, version: cell.parentElement.dataset.version };
  fill(form, key, cell, template);
  window.htmx.process(box);
  const input = form.querySelector("[role=combobox], textarea, select, input:checked, input:not([type=hidden])");
  if (typed !== null && input && !input.matches("select, [type=radio], [type=checkbox]")) {
    input.value = typed;
    input.focus();
    input.setSelectionRange?.(typed.length, typed.length);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    input?.focus();
    if (input?.matches("input:not([type=date], [type=datetime-local], [type=radio], [type=checkbox])")) input.select?.();
    if (input?.matches("select, [type=date], [type=datetime-local]") && typed === null) { try { input.showPicker?.(); } catch { /* not without a press */ } }
  }
  return true;
}

function place(box, grid, cell) {
  const wrap = grid.parentElement;
  const at = cell.getBoundingClientRect();
  const around = wrap.getBoundingClientRect();
  box.style.left = `${at.left - around.left + wrap.scrollLeft}px`;
  box.style.top = `${at.top - around.top + wrap.scrollTop}px`;
  box.style.minWidth = `${at.width}px`;
  box.style.setProperty("--row", `${at.height}px`);
}

/** Close without saving. */
function shut() {
  editing?.box.remove();
  editing = null;
}

function valuesOf(form) {
  const values = {};
  for (const [name, value] of new FormData(form)) {
    if (name === "m__find" || name === "csrf_token") continue;
    values[name] = name in values ? [].concat(values[name], value) : value;
  }
  return values;
}

function shownIn(form, key) {
  const search = form.querySelector("[role=combobox]");
  if (search) return search.value;
  const select = form.querySelector("select");
  if (select) return select.selectedOptions[0]?.textContent.trim() ?? "";
  const chosen = [...form.querySelectorAll("input:checked")];
  if (chosen.length || form.querySelector("[type=radio], [type=checkbox]")) return chosen.map((one) => one.closest("label")?.textContent.trim()).join(", ");
  return String(new FormData(form).get(key) ?? "");
}

function isSame(form, key, cell) {
  const now = [].concat(valuesOf(form)[key] ?? []).join("|");
  return now === rawOf(cell);
}

/** Save what stands in the editor, and go on: [rows, columns] from the cell. */
function commit(by = null) {
  if (!editing) return;
  const { grid, id, key, box } = editing;
  const form = box.querySelector("form");
  const cell = cellAt(grid, id, key);
  if (!cell) return shut();
  const isChanged = !isSame(form, key, cell);
  const kept = { ...editing };
  editing = null;
  box.remove();
  if (isChanged) {
    cell.classList.add("saving");
    cell.textContent = shownIn(form, key) || "—";
    cell.setAttribute("aria-busy", "true");
    later(id, () => send(kept, form));
  }
  const now = cellAt(grid, id, key);
  if (!by) go(grid, now);
  else move(grid, now, by);
}

function move(grid, cell, [down, right]) {
  const all = rows(grid);
  const row = all[all.indexOf(cell.parentElement) + down] || cell.parentElement;
  let next = row.cells[cell.cellIndex + right];
  if (!next || next.cellIndex === 0) next = cell;
  step(grid, next, false);
}

function later(id, save) {
  const before = lines.get(id) || Promise.resolve();
  const mine = before.catch(() => {}).then(save);
  lines.set(id, mine);
}

async function send(kept, form) {
  const { grid, id, key } = kept;
  const row = document.getElementById(`row-${id}`);
  if (!row) return;
  const version = form.dataset.version || row.dataset.version;
  let told = null;
  const listen = (event) => {
    if (!event.detail.ctx.request.action?.includes(`/${id}/cell`)) return;
    told = event.detail.ctx;
    told.quiet = true; // what is wrong is said beside the cell
  };
  document.addEventListener("htmx:before:request", listen);
  try {
    await window.htmx.ajax("POST", address(grid, `/${id}/cell`), { source: grid, target: grid, swap: "none", values: { ...valuesOf(form), version } });
  } finally {
    document.removeEventListener("htmx:before:request", listen);
  }
  const status = told?.response?.status;
  if (status && (status < 400 || status === 401)) return; // after signing in again the same is sent once more
  const cell = cellAt(grid, id, key);
  cell?.classList.remove("saving");
  cell?.removeAttribute("aria-busy");
  if (cell) reopen(kept, form, cell, told);
}

/** The editor as it was typed, with what stands against it. */
function reopen(kept, form, cell, told) {
  shut();
  editing = kept;
  place(kept.box, kept.grid, cell);
  kept.grid.parentElement.append(kept.box);
  const place_ = form.querySelector(`#${PROBLEM}`);
  const page = new DOMParser().parseFromString(told?.text || "", "text/html");
  if (page.querySelector("[data-message]")) place_.replaceChildren(...page.body.childNodes);
  else place_.textContent = say(told?.response ? "failed" : "offline");
  place_.closest(".m-celledit").classList.add("wrong");
  form.querySelector("[role=combobox], textarea, select, input:not([type=hidden])")?.focus();
}

// --- keys and presses ---

on("keydown", "table[data-cells] td", (event, cell) => {
  if (isTyping(event.target) || event.defaultPrevented || event.target !== cell) return;
  if (event.key === "F2" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey && isEdited(cell) && !cell.querySelector("a[data-opens]"))) {
    if (!isEdited(cell)) return;
    event.preventDefault();
    edit(cell);
    return;
  }
  if (event.key === "Tab") {
    const next = cell.parentElement.cells[cell.cellIndex + (event.shiftKey ? -1 : 1)];
    if (!next || next.cellIndex === 0) return;
    event.preventDefault();
    step(cell.closest("table"), next, false);
    return;
  }
  const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!(isLetter || isComposing(event)) || !isEdited(cell)) return;
  event.stopPropagation(); // letters are no keys of the page here
  if (isComposing(event)) { edit(cell, ""); return; }
  event.preventDefault();
  edit(cell, event.key);
}, true);

on("keydown", ".m-celledit", (event, box) => {
  if (isComposing(event) || event.defaultPrevented) return;
  const list = box.querySelector("[role=listbox]:not([hidden])");
  if (event.key === "Escape") {
    if (list) return;
    event.preventDefault();
    event.stopPropagation();
    const { grid, id, key } = editing;
    shut();
    go(grid, cellAt(grid, id, key));
  } else if (event.key === "Enter" && !event.shiftKey && !event.target.matches("button") && !(list?.querySelector("[aria-selected=true]"))) {
    if (event.target.matches("textarea") && (event.altKey || event.ctrlKey)) return;
    event.preventDefault();
    commit([1, 0]);
  } else if (event.key === "Tab") {
    event.preventDefault();
    commit([0, event.shiftKey ? -1 : 1]);
  }
});
on("submit", ".m-celledit form", (event) => { event.preventDefault(); event.stopPropagation(); }, true);

// What is picked with one press is saved with it.
on("change", ".m-celledit [data-picker-value]", () => setTimeout(() => commit([0, 0])));
on("click", ".m-celledit .m-choice label:has([type=radio])", () => setTimeout(() => commit([0, 0])));
on("change", ".m-celledit select", (event, select) => { if (!select.matches(".wrong *")) setTimeout(() => commit([0, 0])); });

on("click", "[data-keep-mine]", (event, button) => {
  const form = button.closest("form");
  form.dataset.version = button.dataset.version;
  commit([0, 0]);
});
on("click", "[data-take-theirs]", () => {
  const { grid, id, key } = editing;
  shut();
  fetchRows(grid, [id]).then(() => go(grid, cellAt(grid, id, key)));
});

/** Fetch rows anew as they are now. */
export function fetchRows(grid, ids) {
  return window.htmx.ajax("GET", `${address(grid, "/rows")}&ids=${ids.join(",")}`, { source: grid, swap: "none" });
}

// A press elsewhere saves; a second press on the cell that has the focus edits it.
document.addEventListener("pointerdown", (event) => {
  if (editing && !event.target.closest?.(".m-celledit, [popover], dialog")) commit([0, 0]);
}, true);

let focused = null;
on("pointerdown", "table[data-cells] td", (event, cell) => { focused = document.activeElement === cell ? cell : null; }, true);
on("click", "table[data-cells] td", (event, cell) => {
  if (event.target.closest("a, button") || event.shiftKey || !cell.parentElement.matches("[data-open]")) return;
  if (cell.cellIndex === 0 || !isEdited(cell) || cell.querySelector("a[data-opens]")) return;
  event.preventDefault(); // a press marks the cell; elsewhere in the row it opens the record
  if (event.detail > 1 || focused === cell) edit(cell);
}, true);

// --- after the server answered ---

// Rows that were put in the place of others keep their number, the mark, the focus.
let lost = null;
document.addEventListener("htmx:before:swap", () => {
  const cell = document.activeElement?.closest?.("table[data-cells] td");
  lost = cell ? { grid: cell.closest("table"), id: idOf(cell.parentElement), at: cell.cellIndex } : null;
  for (const row of document.querySelectorAll("table[data-cells] tr[data-open]")) {
    const number = row.cells[0].textContent;
    if (number !== "0") numbers.set(idOf(row), number);
  }
});
document.addEventListener("htmx:after:swap", () => {
  for (const [id, number] of numbers) {
    const cell = document.getElementById(`row-${id}`)?.cells[0];
    if (cell && cell.textContent.trim() === "0") cell.textContent = number;
  }
  if (!lost || !lost.grid.isConnected) return;
  const row = document.getElementById(`row-${lost.id}`);
  const place_ = row || rows(lost.grid)[0];
  if (!document.activeElement || document.activeElement === document.body) {
    for (const cell of place_?.cells || []) if (!cell.hasAttribute("tabindex")) cell.tabIndex = -1;
    if (place_) go(lost.grid, place_.cells[lost.at]);
  }
});

document.addEventListener("m:edited", (event) => { if (event.detail.change_set) undone.push(event.detail.change_set); });
