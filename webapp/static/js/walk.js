/** From record to record on their own pages, in the order of the list one came from, across its pages.
 *
 * Lists note what they show (`main [data-open]`, and where they go on: `.m-more[hx-get]`) for this tab; a record's page
 * (`[data-record=address]`) shows `[data-walk]` with `[data-walk-by]` and `[data-walk-place]` if it stands in that list,
 * and `[data-to-list]` leads back to it.
 */
import { isComposing } from "./composing.js";
import { isTyping, on, onContent } from "./dom.js";
import { fetchPart } from "./parts.js";

const KEY = "walk";

function read() {
  try { return JSON.parse(sessionStorage.getItem(KEY)) || null; } catch { return null; }
}

function write(kept) {
  try { sessionStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* refused or full: there is no walking then */ }
}

const addresses = (root) => [...new Set([...root.querySelectorAll("[data-open]")].map((one) => one.dataset.open))];

function note() {
  const main = document.querySelector("main");
  const found = main ? addresses(main) : [];
  if (!found.length) return;
  const list = document.getElementById("list") ? location.pathname + location.search : read()?.list;
  const more = main.querySelector(".m-more[hx-get]")?.getAttribute("hx-get") || null;
  if (!/\/\d+$/.test(location.pathname)) write({ list, found: found.slice(-2000), more });
}

function here() {
  return document.querySelector("main [data-record]")?.dataset.record || null;
}

function show() {
  const bar = document.querySelector("main [data-walk]");
  const kept = read();
  const at = kept && here() ? kept.found.indexOf(here()) : -1;
  document.querySelectorAll("[data-to-list]").forEach((one) => { if (at >= 0 && kept.list) one.href = kept.list; });
  if (!bar) return;
  bar.hidden = at < 0;
  if (at < 0) return;
  bar.querySelector("[data-walk-place]").textContent = `${at + 1} / ${kept.found.length}${kept.more ? "+" : ""}`;
  bar.querySelector("[data-walk-by='-1']").disabled = at === 0;
  bar.querySelector("[data-walk-by='1']").disabled = at === kept.found.length - 1 && !kept.more;
}

async function go(by) {
  const kept = read();
  const at = kept && here() ? kept.found.indexOf(here()) : -1;
  if (at < 0) return;
  if (by > 0 && at === kept.found.length - 1 && kept.more) await fetchMore(kept);
  const next = kept.found[at + by];
  if (next) location.assign(next);
}

/** The next piece of the list: its records, and where it goes on from there. */
async function fetchMore(kept) {
  const answer = await fetchPart(kept.more, { within: "table" }).catch(() => null);
  if (!answer?.ok) return;
  kept.found.push(...addresses(answer.page).filter((one) => !kept.found.includes(one)));
  kept.more = answer.page.querySelector("[hx-get].m-more")?.getAttribute("hx-get") || null;
  write(kept);
}

on("click", "[data-walk-by]", (event, button) => go(Number(button.dataset.walkBy)));
document.addEventListener("keydown", (event) => {
  if (!here() || isComposing(event) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open], .m-menu:popover-open, #panel > *")) return;
  const by = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (by) go(by);
});
onContent(() => { note(); show(); });
