/** Groups of a grid: `tr.group[data-level][data-group]` with a `[data-fold-group]` button hides the rows below it.
 *
 * What was folded stays so while the browser is open, also when the list is drawn anew or goes on further down.
 */
import { on, onContent } from "./dom.js";

const session = {
  get(key) { try { return JSON.parse(sessionStorage.getItem(key) || "[]"); } catch { return []; } },
  set(key, value) { try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* refused */ } },
};

const keyOf = (grid) => `folded:${location.pathname}:${grid.dataset.query?.match(/(?:^|&)(view=[^&]*|group=[^&]*)/g)?.join("") || ""}`;

function draw(grid) {
  const folded = session.get(keyOf(grid));
  let level = Infinity; // rows deeper than this head are out of sight
  for (const row of grid.tBodies[0]?.rows || []) {
    const own = row.classList.contains("group") ? Number(row.dataset.level) : Infinity;
    if (own <= level) level = Infinity;
    row.hidden = own > level;
    if (own === Infinity || row.hidden) continue;
    const isFolded = folded.includes(row.dataset.group);
    row.querySelector("[data-fold-group]").setAttribute("aria-expanded", String(!isFolded));
    if (isFolded) level = own;
  }
}

onContent((root) => root.querySelectorAll("table[data-grid]:has(tr.group)").forEach(draw));

on("click", "[data-fold-group]", (event, button) => {
  const grid = button.closest("table");
  const key = keyOf(grid);
  const group = button.closest("tr").dataset.group;
  const folded = session.get(key);
  session.set(key, folded.includes(group) ? folded.filter((one) => one !== group) : [...folded, group]);
  draw(grid);
});

/** Counts and sums of the heads as they are now; the rows stay where they are until the list is fetched anew. */
async function recount() {
  const list = document.getElementById("list");
  const heads = [...document.querySelectorAll("table[data-grid] tr.group")];
  if (!list || !heads.length) return;
  const answer = await fetch(list.dataset.address, { headers: { "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#list" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = new Map([...page.querySelectorAll("tr.group")].map((head) => [head.dataset.group, head]));
  for (const head of heads) {
    const now = fresh.get(head.dataset.group);
    if (!now || !head.isConnected) continue;
    [...head.cells].slice(1).forEach((cell, at) => { if (now.cells[at + 1]) cell.replaceChildren(...[...now.cells[at + 1].childNodes].map((one) => one.cloneNode(true))); });
  }
}

let counting = 0;
document.addEventListener("m:edited", () => {
  clearTimeout(counting);
  counting = setTimeout(recount, 600);
});
