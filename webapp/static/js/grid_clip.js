/** A grid's ranges to and from spreadsheets: Ctrl C, X and V with tabs and lines, Delete empties, Ctrl D fills down,
 * Ctrl Z takes back the last change that was made on this page. A paste is judged as a whole by the server;
 * what goes beyond the last row becomes new records, if one says so in `#beyond`.
 */
import { announce, isTyping, on, say } from "./dom.js";
import { marked, rows, step } from "./grid.js";
import { address, idOf, isEdited, keyOf, rawOf, undone } from "./grid_edit.js";
import { post, reason } from "./requests.js";
import { openDialog } from "./sheet.js";
import { toast } from "./toast.js";
import { newClient } from "./waiting.js";

const MOST = 200;
const LEAST_NUMBERS = ["num"];
let copied = null; // what was copied here last: the text, and the values behind it

function gridOf(target) {
  if (isTyping(target)) return null;
  const cell = target?.closest?.("table[data-grid] td");
  return cell ? cell.closest("table") : null;
}

/** As spreadsheets read it: numbers plain, dates as they are kept, texts with tabs or line ends between quotes. */
function textOf(cell) {
  const isNumber = LEAST_NUMBERS.some((name) => cell.classList.contains(name)) || cell.classList.contains("m-num");
  const text = isNumber && cell.dataset.v ? cell.dataset.v : cell.textContent.trim();
  const plain = text === "—" ? "" : text;
  return /[\t\n"]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function copy(event) {
  const grid = gridOf(event.target);
  if (!grid || getSelection().toString()) return null;
  const range = marked(grid);
  const text = range.map((row) => row.map(textOf).join("\t")).join("\n");
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
  copied = { text, values: range.map((row) => row.map((cell) => (cell.hasAttribute("data-v") || isEdited(cell) ? rawOf(cell) : textOf(cell)))) };
  announce(say("cells_copied", { n: range.flat().length }));
  return { grid, range };
}

document.addEventListener("copy", copy);
document.addEventListener("cut", (event) => {
  const taken = copy(event);
  if (taken) empty(taken.grid, taken.range);
});

/** Lines and tabs, with quoted cells as spreadsheets write them. */
export function parse(text) {
  const found = [[""]];
  let isQuoted = false;
  const given = text.replace(/\r\n?/g, "\n");
  for (let at = 0; at < given.length; at += 1) {
    const sign = given[at];
    const row = found[found.length - 1];
    if (isQuoted) {
      if (sign === '"' && given[at + 1] === '"') { row[row.length - 1] += '"'; at += 1; }
      else if (sign === '"') isQuoted = false;
      else row[row.length - 1] += sign;
    } else if (sign === '"' && row[row.length - 1] === "") isQuoted = true;
    else if (sign === "\t") row.push("");
    else if (sign === "\n") found.push([""]);
    else row[row.length - 1] += sign;
  }
  if (found.length > 1 && found[found.length - 1].length === 1 && found[found.length - 1][0] === "") found.pop();
  return found;
}

document.addEventListener("paste", (event) => {
  const grid = gridOf(event.target);
  if (!grid?.dataset.cells) return;
  const text = event.clipboardData.getData("text/plain");
  if (!text) return;
  event.preventDefault();
  const isOurs = copied && copied.text === text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  put(grid, isOurs ? copied.values : parse(text));
});

/** Write a block of values from the first marked cell on; one value fills the whole range. */
async function put(grid, block) {
  const range = marked(grid);
  const first = range[0][0];
  const isOne = block.length === 1 && block[0].length === 1;
  const height = isOne ? range.length : Math.max(block.length, range.length % block.length === 0 ? range.length : 0);
  const targets = await below(grid, first.parentElement, height);
  const changes = targets.map((row, n) => {
    const source = block[n % block.length];
    const width = isOne ? range[0].length : source.length;
    return [row, [...row.cells].slice(first.cellIndex, first.cellIndex + width).map((cell, k) => [cell, isOne ? source[0] : source[k]])];
  });
  const beyond = isOne ? [] : block.slice(targets.length);
  if (!beyond.length) send(grid, changes);
  else if (!grid.hasAttribute("data-creates")) leaveOut(grid, changes, beyond);
  else ask(beyond.length, (isWanted) => (isWanted ? send(grid, changes, made(grid, first.cellIndex, beyond)) : leaveOut(grid, changes, beyond)));
}

/** So many rows from this one on; pages of the list that have not come yet are fetched. */
async function below(grid, row, height) {
  for (;;) {
    const found = [];
    let more = null;
    for (let one = row; one && found.length < height && !more; one = one.nextElementSibling) {
      if (one.matches("[data-open]") && !one.hidden) found.push(one);
      else if (one.matches(".m-more") && !one.hidden) more = one;
    }
    if (!more || height > MOST) return found;
    await window.htmx.ajax("GET", more.getAttribute("hx-get"), { source: more, target: more, swap: "outerHTML" });
    if (more.isConnected) return found;
  }
}

function leaveOut(grid, changes, beyond) {
  send(grid, changes);
  toast({ text: say("not_fitting", { n: beyond.length }) });
}

/** What goes beyond the last row becomes new records, if the person says so. */
function ask(n, then) {
  const dialog = document.getElementById("beyond");
  dialog.querySelector("[data-said]").textContent = say("beyond", { n });
  dialog.returnValue = "";
  const back = document.activeElement;
  dialog.addEventListener("close", () => {
    back?.focus({ preventScroll: true });
    if (dialog.returnValue) then(dialog.returnValue === "make");
  }, { once: true });
  openDialog(dialog);
}

function made(grid, from, lines) {
  const heads = [...grid.tHead.rows[0].cells].slice(from);
  return lines.map((line) => [newClient(), Object.fromEntries(line.map((value, k) => [heads[k], value]).filter(([head]) => head?.hasAttribute("data-edited")).map(([head, value]) => [head.dataset.key, value]))]);
}

/** rows with [cell, value] pairs: those that can be changed go to the server in one piece, with what becomes new records. */
async function send(grid, changes, fresh = []) {
  const cells = [];
  for (const [row, pairs] of changes) {
    const values = Object.fromEntries(pairs.filter(([cell]) => isEdited(cell)).map(([cell, value]) => [keyOf(cell), value]));
    if (!Object.keys(values).length) continue;
    cells.push([Number(idOf(row)), Number(row.dataset.version), values]);
    pairs.forEach(([cell]) => { if (isEdited(cell)) cell.classList.add("saving"); });
  }
  if (!cells.length && !fresh.length) {
    toast({ text: say("not_editable"), kind: "bad" });
    return;
  }
  grid.querySelectorAll("td.refused").forEach((cell) => { cell.classList.remove("refused"); cell.removeAttribute("title"); });
  deliver(grid, { cells: JSON.stringify(cells), new: JSON.stringify(fresh), start: rows(grid).length });
}

/** What was pasted is not lost with the connection: the same is sent again, and written once. */
async function deliver(grid, values) {
  const ctx = await post(grid, address(grid, "/cells"), values);
  grid.querySelectorAll("td.saving").forEach((cell) => cell.classList.remove("saving"));
  const status = ctx.response?.status;
  if (status < 400) return;
  const isLost = !status || status >= 500;
  toast({ text: isLost ? say("paste_lost") : reason(ctx), kind: "bad", more: isLost ? { text: say("again"), run: () => deliver(grid, values) } : null });
}

function empty(grid, range) {
  send(grid, range.map((cells) => [cells[0].parentElement, cells.map((cell) => [cell, ""])]));
}

document.addEventListener("m:refused", (event) => {
  for (const [id, key, text] of event.detail.cells) {
    const row = document.getElementById(`row-${id}`);
    const grid = row?.closest("table");
    const at = grid?.tHead.rows[0].querySelector(`th[data-key="${CSS.escape(key)}"]`)?.cellIndex;
    const cell = row?.cells[at ?? 0];
    cell?.classList.add("refused");
    cell?.setAttribute("title", text);
  }
});

on("keydown", "table[data-cells] td", (event, cell) => {
  if (isTyping(event.target) || event.defaultPrevented) return;
  const grid = cell.closest("table");
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
  const key = event.key.toLowerCase();
  if ((event.key === "Delete" || event.key === "Backspace") && !isCommand) {
    event.preventDefault();
    empty(grid, marked(grid));
  } else if (isCommand && key === "d") {
    event.preventDefault();
    const range = marked(grid);
    if (range.length < 2) return;
    const source = range[0].map(rawOf);
    send(grid, range.slice(1).map((cells) => [cells[0].parentElement, cells.map((one, k) => [one, source[k]])]));
  } else if (isCommand && key === "a") {
    event.preventDefault();
    const all = rows(grid);
    step(grid, all[0].cells[1], false);
    step(grid, all[all.length - 1].cells[all[0].cells.length - 1], true);
  } else if (isCommand && key === "z" && !event.shiftKey) {
    event.preventDefault();
    takeBack(grid);
  }
});

function takeBack(grid) {
  const change_set = undone.pop();
  if (!change_set) {
    toast({ text: say("nothing_to_undo") });
    return;
  }
  window.htmx.ajax("POST", address(grid, "/undo"), { source: grid, swap: "none", values: { change_set } });
}
