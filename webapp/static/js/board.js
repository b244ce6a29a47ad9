/** Boards (`[data-board]`): cards move by mouse, by a long press of a finger, and by keys.
 *
 * column  section[data-column="value"][data-label] with [data-cards] inside; data-locked: nothing may be dropped there
 * card    [data-card="id"][data-version][data-move-url][data-label], id="card-…"; without data-move-url it stays
 * move    POST column, version, before (id of the card below it, or "") → 200 with out-of-band parts (column heads, the
 *         card with its new version); 409 or 422: the card slides back and the reason is said; a `<form>` in the answer
 *         opens as a small dialog (fields this stage needs), whose answer may then be the same out-of-band parts
 */
import { announce, on, onContent, say } from "./dom.js";
import { post, reason } from "./requests.js";
import { openDialog } from "./sheet.js";
import { toast } from "./toast.js";

let loading = null;
const origins = new WeakMap();

/** The columns of a card: of its lane, where a board has lanes. */
export const laneOf = (card) => card.closest("[data-lane-row]") || card.closest("[data-board]");
export const columnOf = (card) => card.closest("[data-column]");
export const cardsOf = (column) => column.querySelector("[data-cards]");
export const nameOf = (element) => element.dataset.label || element.textContent.trim().split("\n")[0];
export const columnsOf = (board) => [...board.querySelectorAll("[data-column]")];

/** The library is fetched only by pages that have a board. */
function library() {
  loading ||= new Promise((done, fail) => {
    if (window.Sortable) return done(window.Sortable);
    const script = document.createElement("script");
    script.src = document.querySelector("script[data-sortable]").dataset.sortable;
    script.onload = () => done(window.Sortable);
    script.onerror = fail;
    document.head.append(script);
  });
  return loading;
}

async function prepare(board) {
  const Sortable = await library();
  for (const list of board.querySelectorAll("[data-cards]")) {
    if (Sortable.get(list)) continue;
    Sortable.create(list, {
      group: `board-${board.id || "main"}`,
      draggable: "[data-card]",
      filter: (event, card) => !card?.dataset.moveUrl,
      preventOnFilter: false,
      sort: board.hasAttribute("data-sortable"),
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 160,
      delay: 220, delayOnTouchOnly: true, touchStartThreshold: 6,
      forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, fallbackClass: "lift", ghostClass: "gap",
      scroll: true, bubbleScroll: true, scrollSensitivity: 56, scrollSpeed: 14,
      onStart: (event) => { board.classList.add("dragging"); origins.set(event.item, { list: event.from, before: event.item.nextElementSibling }); },
      onMove: (event) => {
        const to = event.to.closest("[data-column]");
        columnsOf(board).forEach((one) => one.classList.toggle("over", one === to));
        const isOtherLane = to.dataset.lane !== columnOf(origins.get(event.dragged).list).dataset.lane;
        return !to.hasAttribute("data-locked") && !(isOtherLane && board.hasAttribute("data-lanes-locked"));
      },
      onEnd: (event) => {
        board.classList.remove("dragging");
        columnsOf(board).forEach((one) => one.classList.remove("over"));
        swallowClick(event.item);
        if (event.from !== event.to && isOneOfMany(event.item)) return takeAlong(event.item, origins.get(event.item));
        if (event.from !== event.to || event.oldDraggableIndex !== event.newDraggableIndex) settle(event.item, origins.get(event.item));
      },
    });
  }
}

/** Several cards are picked and this is one of them: all of them go where it was put (`board_pick.js`). */
const isOneOfMany = (card) => card.matches(".picked") && card.closest("[data-board]").querySelectorAll(".picked").length > 1;

function takeAlong(card, origin) {
  const { column } = columnOf(card).dataset;
  back(card, origin, false);
  card.dispatchEvent(new CustomEvent("m:put", { bubbles: true, detail: { column } }));
}

// A card is a link, and links have a drag of the browser's own.
on("dragstart", "[data-card]", (event) => event.preventDefault());

/** The click that ends a drag opens nothing. */
function swallowClick(card) {
  const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
  card.addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => card.removeEventListener("click", stop, true), 50);
}

/** The card lies where it was put: ask the server, and slide back if it refuses. `origin`: {list, before}. */
export async function settle(card, origin) {
  const column = columnOf(card);
  const isFocused = card.contains(document.activeElement);
  const next = card.nextElementSibling?.closest("[data-card]");
  const values = { column: column.dataset.column, version: card.dataset.version || "", before: next?.dataset.card || "" };
  if (column.dataset.lane !== undefined) values.lane = column.dataset.lane;
  const { id } = card;
  card.classList.add("sending");
  recount(card.closest("[data-board]"));
  const ctx = await post(card, card.dataset.moveUrl, values);
  document.getElementById(id)?.classList.remove("sending");
  if (ctx.response?.status < 400) {
    announce(say("moved", { card: nameOf(card), column: nameOf(column) }));
    if (isFocused) document.getElementById(id)?.focus();
    return;
  }
  back(card, origin);
  if (isFocused) card.focus();
  if ([404, 409].includes(ctx.response?.status)) card.dispatchEvent(new Event("m:refresh", { bubbles: true }));
  if (needsForm(ctx)) return;
  const text = ctx.response ? reason(ctx) : say("offline");
  toast({ text, kind: "bad" });
  announce(say("refused", { card: nameOf(card), column: nameOf(columnOf(card)), reason: text }));
}

export function back(card, { list, before }, isSaid = true) {
  if (before?.parentElement === list) before.before(card);
  else list.append(card);
  if (isSaid) card.classList.add("back");
  card.addEventListener("animationend", () => card.classList.remove("back"), { once: true });
  recount(card.closest("[data-board]"));
}

/** Fields the column asks for: the answer's form opens over the board. */
export function needsForm(ctx) {
  if (ctx.response?.status !== 422) return false;
  const found = new DOMParser().parseFromString(ctx.text || "", "text/html").querySelector("form");
  const dialog = document.getElementById("dialog");
  if (!found || !dialog) return false;
  dialog.replaceChildren(document.adoptNode(found));
  window.htmx.process(dialog);
  openDialog(dialog);
  return true;
}

/** Until the server's heads arrive, the counts at least are right. */
function recount(board) {
  for (const column of columnsOf(board)) {
    const place = column.querySelector("[data-count]");
    if (!place || place.textContent.includes("+")) continue;
    const more = Number(place.dataset.more || 0);
    const count = String(cardsOf(column).querySelectorAll("[data-card]").length + more);
    place.textContent = count;
    const tab = document.querySelector(`[data-pager] [data-to="${CSS.escape(column.dataset.column)}"] span`);
    if (tab) tab.textContent = count;
  }
}

onContent((root) => root.querySelectorAll("[data-board]").forEach(prepare));
