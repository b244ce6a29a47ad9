/** Cards of a board by keys: arrows walk among them, Space lifts and puts down, M or `[data-move]` opens the menu of columns. */
import { back, cardsOf, columnOf, columnsOf, laneOf, nameOf, settle } from "./board.js";
import { isComposing } from "./composing.js";
import { announce, isPhone, on, say } from "./dom.js";
import { place } from "./menu.js";

let held = null;

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
  const open = columnsOf(laneOf(card)).filter((one) => !one.hasAttribute("data-locked") || one === columnOf(card));
  const to = open[open.indexOf(columnOf(card)) + by];
  if (!to) return;
  cardsOf(to).prepend(card);
  show(to);
  card.focus();
  announce(say("over", { card: nameOf(card), column: nameOf(to) }));
}

/** To the same column of the lane above or below. */
function cross(card, by) {
  const board = card.closest("[data-board]");
  if (board.hasAttribute("data-lanes-locked")) return;
  const lanes = [...board.querySelectorAll("[data-lane-row]:not(.folded):has([data-cards])")];
  const to = lanes[lanes.indexOf(laneOf(card)) + by]?.querySelector(`[data-column="${CSS.escape(columnOf(card).dataset.column)}"]`);
  if (!to) return;
  cardsOf(to).prepend(card);
  card.focus();
  card.scrollIntoView({ block: "nearest" });
  announce(say("over", { card: nameOf(card), column: `${laneOf(card).getAttribute("aria-label")}: ${nameOf(to)}` }));
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
  const full = columnsOf(laneOf(card)).filter((one) => one === columnOf(card) || one.querySelector("[data-card]"));
  const to = full[full.indexOf(columnOf(card)) + (key === "ArrowRight" ? 1 : -1)];
  if (to) show(to);
  return to && [...to.querySelectorAll("[data-card]")][Math.min(at, to.querySelectorAll("[data-card]").length - 1)];
}

on("keydown", "[data-card]", (event, card) => {
  if (isComposing(event) || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
  const isArrow = event.key.startsWith("Arrow");
  const isMovable = Boolean(card.dataset.moveUrl);
  if (held) {
    const does = { ArrowLeft: () => shift(card, -1), ArrowRight: () => shift(card, 1), ArrowUp: () => cross(card, -1), ArrowDown: () => cross(card, 1), " ": putDown, Enter: putDown, Escape: takeBack }[event.key];
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
  columnMenu(laneOf(card), beside, columnOf(card), (column) => {
    const origin = { list: card.parentElement, before: card.nextElementSibling };
    cardsOf(column).prepend(card);
    card.focus();
    settle(card, origin);
  });
}

/** A menu of the board's columns beside an element; `pick(column)` with the chosen one. `current` cannot be chosen. */
export function columnMenu(board, beside, current, pick) {
  document.getElementById("move-menu")?.remove();
  const menu = document.createElement("div");
  Object.assign(menu, { id: "move-menu", className: "m-pop m-menu", popover: "auto" });
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", say("move_to"));
  const cap = document.createElement("span");
  cap.className = "cap";
  cap.textContent = say("move_to");
  menu.append(cap, ...columnsOf(board).map((column) => moveItem(column, column === current, pick)));
  document.body.append(menu);
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") menu.remove();
    else place(menu, beside);
  });
  menu.showPopover();
  menu.querySelector(".m-item:not([disabled])")?.focus();
}

function moveItem(column, isCurrent, pick) {
  const item = document.createElement("button");
  item.type = "button";
  item.className = "m-item";
  item.setAttribute("role", "menuitem");
  const mark = column.querySelector(".m-dot")?.cloneNode();
  item.append(...(mark ? [mark] : []), nameOf(column));
  item.disabled = isCurrent || column.hasAttribute("data-locked");
  item.addEventListener("click", () => pick(column));
  return item;
}

function show(column) {
  if (isPhone()) column.scrollIntoView({ inline: "start", block: "nearest" });
}
