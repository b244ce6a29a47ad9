/** A record beside its list: rows and cards with `data-open` fill `#panel`, which has an address of its own.
 *
 * data-open     address of the record, fetched as a partial (HX-Target: aside#panel)
 * data-address  what the address bar shows for it (default: data-open); a full page must answer there
 * In the panel: [data-close-panel], [data-previous], [data-next] buttons and [data-place], which says "3 / 20".
 */
import { isComposing } from "./composing.js";
import { isTyping, on } from "./dom.js";

const panel = document.getElementById("panel");
let list = null;
let shown = panel?.childElementCount ? panel.dataset.shown || null : null;

function openers() {
  return [...document.querySelectorAll("main [data-open]")].filter((one) => one.offsetParent);
}

function opener(url) {
  return openers().find((one) => one.dataset.open === url) || null;
}

/** Show the record of `element`; true if there is a panel to show it in. */
export async function open(element) {
  if (!panel || !element) return false;
  const url = element.dataset.open;
  const address = element.dataset.address || url;
  if (shown === null) list = location.pathname + location.search;
  const isFirst = shown === null;
  shown = url;
  mark();
  if (isFirst) {
    history.replaceState({ ...history.state, htmx: true }, "");
    history.pushState({ htmx: true }, "", address);
  }
  else history.replaceState({ htmx: true }, "", address);
  if (!panel.childElementCount) panel.innerHTML = document.getElementById("panel-waiting")?.innerHTML || "";
  await window.htmx.ajax("GET", url, { source: panel, target: panel, swap: "innerHTML" });
  return true;
}

/** Fetch the record in the panel anew if it is the one of `url`; true if it is. */
export async function refresh(url) {
  if (!panel?.childElementCount || shown !== url) return false;
  await window.htmx.ajax("GET", url, { source: panel, target: panel, swap: "innerMorph" });
  return true;
}

/** Fetch the list behind the panel anew: a record of it has changed. */
export async function fetchList() {
  const place = document.getElementById("list");
  if (place && (list || panel?.dataset.list)) await window.htmx.ajax("GET", list || panel.dataset.list, { source: place, target: place, swap: "outerMorph" });
}

export function close({ back = true } = {}) {
  if (!panel?.childElementCount) return;
  const from = shown;
  panel.replaceChildren();
  shown = null;
  mark();
  const home = list || panel.dataset.list;
  list = null;
  if (back && home) history.pushState({ htmx: true }, "", home);
  const place = from && opener(from);
  (place?.matches("tr") ? place.querySelector("td[tabindex='0'], td[tabindex], a") || place : place)?.focus();
}

/** The place where the list goes on, if it does. */
function sentinel() {
  return [...document.querySelectorAll("main .m-more[hx-get]")].find((one) => one.offsetParent) || null;
}

/** Next (1) or previous (-1) record of the list, as the list shows them now; at its end the list is fetched on. */
async function step(by) {
  let all = openers();
  const at = all.findIndex((one) => one.dataset.open === shown);
  const more = sentinel();
  if (by > 0 && at === all.length - 1 && more && !more.isAsked) {
    more.isAsked = true;
    await window.htmx.ajax("GET", more.getAttribute("hx-get"), { source: more, target: more, swap: "outerHTML" });
    all = openers();
  }
  const next = all[at + by];
  if (at < 0 || !next) return;
  next.scrollIntoView({ block: "nearest" });
  open(next);
}

function mark() {
  const all = openers();
  for (const one of document.querySelectorAll("main [data-open]")) {
    const isOn = shown !== null && one.dataset.open === shown;
    one.classList.toggle("on", isOn);
    if (isOn) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  if (!panel || shown === null) return;
  const at = all.findIndex((one) => one.dataset.open === shown);
  const place = panel.querySelector("[data-place]");
  if (place) place.textContent = at < 0 ? "" : `${at + 1} / ${panel.dataset.total || document.querySelector("[data-total]")?.dataset.total || all.length}`;
  const previous = panel.querySelector("[data-previous]");
  const next = panel.querySelector("[data-next]");
  if (previous) previous.disabled = at <= 0;
  if (next) next.disabled = at < 0 || (at >= all.length - 1 && !sentinel());
}

// What was still on its way when the panel was closed does not open it again.
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx?.target === panel && panel && shown === null) event.preventDefault();
});

// Others have written: the record is fetched again, from the panel itself, because its content may be gone by then.
document.addEventListener("m:live", (event) => {
  if (shown !== null && panel?.contains(event.target)) event.detail.until(refresh(shown));
});

// Its record was changed in the list beside it.
document.addEventListener("m:edited", (event) => { if (event.detail.urls?.includes(shown)) refresh(shown); });

// Focus follows into the panel once the record is there, but never away from where someone types.
document.addEventListener("htmx:after:swap", (event) => {
  mark();
  if (event.detail.ctx.target !== panel || !panel.childElementCount || event.detail.ctx.swap === "innerMorph") return;
  panel.setAttribute("aria-label", panel.querySelector("h1, h2")?.textContent.trim() || "");
  if (!panel.contains(document.activeElement)) (panel.querySelector("[autofocus]") || panel).focus({ preventScroll: true });
});

on("click", "[data-open]", (event, element) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const inner = event.target.closest("a, button, input, select, label, textarea, [data-edit]");
  if (inner && inner !== element && !inner.hasAttribute("data-opens")) return;
  if (!panel || getSelection().toString()) return;
  event.preventDefault();
  open(element);
});

on("click", "[data-close-panel]", (event) => { event.preventDefault(); close(); });
on("click", "[data-next]", () => step(1));
on("click", "[data-previous]", () => step(-1));
document.addEventListener("close-panel", () => close());

document.addEventListener("keydown", (event) => {
  if (!panel?.childElementCount || isComposing(event) || event.defaultPrevented) return;
  if (document.querySelector("dialog[open], .m-pop:popover-open:not(.m-toast)")) return;
  if (event.key === "Escape") {
    if (isTyping(event.target) && panel.contains(event.target)) event.target.blur();
    else close();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const isInside = panel.contains(event.target) || event.target === document.body;
  const by = { j: 1, k: -1 }[event.key.toLowerCase()] || (isInside && !event.target.matches("a, button, summary") && { ArrowRight: 1, ArrowLeft: -1 }[event.key]);
  if (!by) return;
  event.preventDefault();
  step(by);
});

// Back from a record to its list needs no new page: the list is still there.
document.addEventListener("htmx:before:history:restore", (event) => {
  if (!panel || shown === null || !list || event.detail.path !== list) return;
  event.preventDefault();
  close({ back: false });
});

mark();
