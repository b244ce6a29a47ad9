/** A grid follows what others do (live.js): rows that changed come as they are now and are marked for a moment. */
import { announce, on, say } from "./dom.js";
import { rows } from "./grid.js";
import { address, fetchRows, idOf } from "./grid_edit.js";
import { fetchPart } from "./parts.js";

const MOST = 200;

on("m:live", "[data-live]:has(> table[data-grid])", (event, wrap) => event.detail.until(refresh(wrap.querySelector("table"))));

async function refresh(grid) {
  const ids = rows(grid).slice(0, MOST).map(idOf);
  if (!ids.length) return null;
  const answer = await fetchPart(`${address(grid, "/rows")}&ids=${ids.join(",")}`);
  if (!answer.ok || !grid.isConnected) return null;
  if (grid.parentElement.querySelector(".m-celledit, td.saving")) return "again";
  const focus = document.activeElement?.closest?.("table[data-grid] td");
  let changed = 0;
  for (const part of answer.page.querySelectorAll("template")) {
    const old = document.querySelector(part.getAttribute("hx-target"));
    const fresh = part.content.querySelector("tr");
    if (!old?.matches("tr")) continue;
    if (!fresh) { old.remove(); changed += 1; continue; }
    if (fresh.dataset.version === old.dataset.version) continue;
    fresh.cells[0].textContent = old.cells[0].textContent;
    for (const cell of fresh.cells) cell.classList.add("news");
    const at = focus?.parentElement === old ? focus.cellIndex : -1;
    old.replaceWith(fresh);
    window.htmx.process(fresh);
    if (at >= 0) { fresh.cells[at].tabIndex = 0; fresh.cells[at].focus({ preventScroll: true }); }
    changed += 1;
  }
  if (changed) {
    announce(say("grid_news", { n: changed }));
    const foot = grid.tFoot;
    if (foot) window.htmx.trigger(foot, "recount");
    setTimeout(() => grid.querySelectorAll("td.news").forEach((cell) => cell.classList.remove("news")), 2500);
  }
  return null;
}

/** The row of a record that was changed elsewhere on the page; false where there is none to be shown anew by itself. */
export async function renew(url) {
  const row = document.querySelector(`table[data-cells] tr[data-open="${CSS.escape(url)}"]`);
  const grid = row?.closest("table");
  if (!grid || grid.querySelector("tr.group")) return false;
  await fetchRows(grid, [idOf(row)]);
  window.htmx.trigger(grid.tFoot, "recount");
  return true;
}

// What stands below the columns follows one's own changes.
let counting = 0;
document.addEventListener("m:edited", () => {
  clearTimeout(counting);
  counting = setTimeout(() => document.querySelectorAll("table[data-grid] > tfoot").forEach((foot) => window.htmx.trigger(foot, "recount")), 400);
});
