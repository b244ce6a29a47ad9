/** Boards (`[data-board]`): cards move by mouse, by a long press of a finger, and by keys.
 *
 * column  section[data-column="value"][data-label] with [data-cards] inside; data-locked: nothing may be dropped there
 * card    [data-card="id"][data-version][data-move-url][data-label], id="card-…"; without data-move-url it stays
 * move    POST column, version, before (id of the card below it, or "") → 200 with out-of-band parts (column heads, the
 *         card with its new version); 409 or 422: the card slides back and the reason is said; a `<form>` in the answer
 *         opens as a small dialog (fields this stage needs), whose answer may then be the same out-of-band parts
 * phone   one column a screen; [data-pager] holds a button[data-to="value"] for each column
 */
import { isComposing } from "./composing.js";
import { announce, isPhone, on, onContent, say } from "./dom.js";
import { place } from "./menu.js";
import { reason } from "./requests.js";
import { openDialog } from "./sheet.js";
import { toast } from "./toast.js";

let held = null;
let loading = null;
const origins = new WeakMap();

const columnOf = (card) => card.closest("[data-column]");
const cardsOf = (column) => column.querySelector("[data-cards]");
const nameOf = (element) => element.dataset.label || element.textContent.trim().split("\n")[0];
const columnsOf = (board) => [...board.querySelectorAll("[data-column]")];

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
        return !to.hasAttribute("data-locked");
      },
      onEnd: (event) => {
        board.classList.remove("dragging");
        columnsOf(board).forEach((one) => one.classList.remove("over"));
        swallowClick(event.item);
        if (event.from !== event.to || event.oldDraggableIndex !== event.newDraggableIndex) settle(event.item, origins.get(event.item));
      },
    });
  }
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
async function settle(card, origin) {
  const column = columnOf(card);
  const isFocused = card.contains(document.activeElement);
  const next = card.nextElementSibling?.closest("[data-card]");
  const values = { column: column.dataset.column, version: card.dataset.version || "", before: next?.dataset.card || "" };
  const { id } = card;
  card.classList.add("sending");
  recount(card.closest("[data-board]"));
  const ctx = await post(card, values);
  document.getElementById(id)?.classList.remove("sending");
  if (ctx.response?.status < 400) {
    announce(say("moved", { card: nameOf(card), column: nameOf(column) }));
    if (isFocused) document.getElementById(id)?.focus();
    return;
  }
  back(card, origin);
  if (isFocused) card.focus();
  if (needsForm(ctx)) return;
  const text = ctx.response ? reason(ctx) : say("offline");
  toast({ text, kind: "bad" });
  announce(say("refused", { card: nameOf(card), column: nameOf(columnOf(card)), reason: text }));
}

/** POST through htmx (out-of-band parts, toasts, sign-in sheet); gives its context. */
async function post(card, values) {
  let ctx = {};
  const watch = (event) => { ctx = event.detail.ctx; };
  const early = (event) => { event.detail.ctx.quiet = true; ctx = event.detail.ctx; };
  card.addEventListener("htmx:before:request", early);
  card.addEventListener("htmx:after:request", watch);
  const work = { source: card, swap: "none", values };
  await window.htmx.ajax("POST", card.dataset.moveUrl, work);
  if (ctx.repeated) await (await ctx.repeated);
  card.removeEventListener("htmx:before:request", early);
  card.removeEventListener("htmx:after:request", watch);
  return ctx;
}

function back(card, { list, before }) {
  if (before?.parentElement === list) before.before(card);
  else list.append(card);
  card.classList.add("back");
  card.addEventListener("animationend", () => card.classList.remove("back"), { once: true });
  recount(card.closest("[data-board]"));
}

/** Fields the column asks for: the answer's form opens over the board. */
function needsForm(ctx) {
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

// Keys ------------------------------------------------------------------------------------------------------------

function lift(card) {
  held = { card, origin: { list: card.parentElement, before: card.nextElementSibling } };
  card.classList.add("held");
  card.setAttribute("aria-grabbed", "true");
  announce(say("lifted", { card: nameOf(card), column: nameOf(columnOf(card)) }));
}

function release() {
  held.card.classList.remove("held");
  held.card.removeAttribute("aria-grabbed");
  const was = held;
  held = null;
  return was;
}

function shift(card, by) {
  const open = columnsOf(card.closest("[data-board]")).filter((one) => !one.hasAttribute("data-locked") || one === columnOf(card));
  const to = open[open.indexOf(columnOf(card)) + by];
  if (!to) return;
  cardsOf(to).prepend(card);
  show(to);
  card.focus();
  announce(say("over", { card: nameOf(card), column: nameOf(to) }));
}

function putDown() {
  const { card, origin } = release();
  if (card.parentElement === origin.list) announce(say("put_back", { card: nameOf(card), column: nameOf(columnOf(card)) }));
  else settle(card, origin);
}

function takeBack() {
  const { card, origin } = release();
  back(card, origin);
  card.focus();
  announce(say("put_back", { card: nameOf(card), column: nameOf(columnOf(card)) }));
}

function walk(card, key) {
  const cards = [...cardsOf(columnOf(card)).querySelectorAll("[data-card]")];
  const at = cards.indexOf(card);
  if (key === "ArrowDown" || key === "ArrowUp") return cards[at + (key === "ArrowDown" ? 1 : -1)];
  const full = columnsOf(card.closest("[data-board]")).filter((one) => one === columnOf(card) || one.querySelector("[data-card]"));
  const to = full[full.indexOf(columnOf(card)) + (key === "ArrowRight" ? 1 : -1)];
  if (to) show(to);
  return to && [...to.querySelectorAll("[data-card]")][Math.min(at, to.querySelectorAll("[data-card]").length - 1)];
}

on("keydown", "[data-card]", (event, card) => {
  if (isComposing(event) || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
  const isArrow = event.key.startsWith("Arrow");
  const isMovable = Boolean(card.dataset.moveUrl);
  if (held) {
    const does = { ArrowLeft: () => shift(card, -1), ArrowRight: () => shift(card, 1), " ": putDown, Enter: putDown, Escape: takeBack }[event.key];
    if (does || isArrow) event.preventDefault();
    if (does) { event.stopPropagation(); does(); }
    return;
  }
  if (event.key === " ") {
    event.preventDefault();
    if (isMovable) lift(card);
    else announce(say("cannot_move"));
  } else if (event.key.toLowerCase() === "m" && isMovable) {
    event.preventDefault();
    moveMenu(card, card);
  } else if (isArrow) {
    event.preventDefault();
    walk(card, event.key)?.focus();
  }
});

// A card that loses the focus while lifted goes back: nothing stays in the air.
on("focusout", "[data-card]", (event, card) => {
  setTimeout(() => { if (held?.card === card && document.activeElement !== card) takeBack(); }, 80);
});

// The move menu: also behind a button with data-move in the card -----------------------------------------------------

on("click", "[data-move]", (event, button) => {
  event.preventDefault();
  event.stopPropagation();
  const card = button.closest("[data-card]");
  if (card?.dataset.moveUrl) moveMenu(card, button);
}, true);

function moveMenu(card, beside) {
  document.getElementById("move-menu")?.remove();
  const menu = document.createElement("div");
  Object.assign(menu, { id: "move-menu", className: "m-pop m-menu", popover: "auto" });
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", say("move_to"));
  const cap = document.createElement("span");
  cap.className = "cap";
  cap.textContent = say("move_to");
  menu.append(cap, ...columnsOf(card.closest("[data-board]")).map((column) => moveItem(card, column)));
  document.body.append(menu);
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") menu.remove();
    else place(menu, beside);
  });
  menu.showPopover();
  menu.querySelector(".m-item:not([disabled])")?.focus();
}

function moveItem(card, column) {
  const item = document.createElement("button");
  item.type = "button";
  item.className = "m-item";
  item.setAttribute("role", "menuitem");
  const mark = column.querySelector(".m-dot")?.cloneNode();
  item.append(...(mark ? [mark] : []), nameOf(column));
  item.disabled = column === columnOf(card) || column.hasAttribute("data-locked");
  item.addEventListener("click", () => {
    const origin = { list: card.parentElement, before: card.nextElementSibling };
    cardsOf(column).prepend(card);
    card.focus();
    settle(card, origin);
  });
  return item;
}

// Phone: one column a screen --------------------------------------------------------------------------------------------

function show(column) {
  if (isPhone()) column.scrollIntoView({ inline: "start", block: "nearest" });
}

on("click", "[data-pager] [data-to]", (event, tab) => {
  const column = document.querySelector(`[data-board] [data-column="${CSS.escape(tab.dataset.to)}"]`);
  if (column) column.closest("[data-board]").scrollTo({ left: column.offsetLeft, behavior: "smooth" });
});

function follow(board) {
  const pager = document.querySelector("[data-pager]");
  if (!pager || board.followed) return;
  board.followed = true;
  const tell = () => {
    if (!isPhone()) return;
    const at = Math.round(board.scrollLeft / Math.max(1, board.clientWidth));
    const value = columnsOf(board)[at]?.dataset.column;
    for (const tab of pager.querySelectorAll("[data-to]")) {
      const isOn = tab.dataset.to === value;
      tab.classList.toggle("on", isOn);
      tab.setAttribute("aria-selected", String(isOn));
      if (isOn && !tab.isShown) tab.parentElement.scrollTo({ left: tab.offsetLeft - 24, behavior: "smooth" });
      tab.isShown = isOn;
    }
  };
  board.addEventListener("scroll", tell, { passive: true });
  tell();
}

onContent((root) => root.querySelectorAll("[data-board]").forEach((board) => {
  prepare(board);
  follow(board);
}));
