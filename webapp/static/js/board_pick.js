/** Several cards of a board at once: Ctrl, ⌘ or Shift with a press, X on a card, a long press of a finger.
 *
 * The bar `[data-picked-bar]` says how many (`[data-picked-count]`), moves them (`[data-picked-move]`), hands them over
 * (`[data-picked-assign]`, a dialog) and lets go (`[data-picked-clear]`). Dragging one of them takes all of them along.
 * All of it is one POST to the board's data-moves-url: `cards` (id:version, …) and `column`.
 */
import { columnOf, laneOf, needsForm } from "./board.js";
import { columnMenu } from "./board_keys.js";
import { isComposing } from "./composing.js";
import { announce, isTyping, on, onContent, say } from "./dom.js";
import { post, reason } from "./requests.js";
import { toast } from "./toast.js";

let last = null;
let wasTouched = false;
let pickedAt = -1000;
const boardOf = (element) => element.closest("[data-board]") || document.querySelector("[data-board]");
const picked = (board) => [...board.querySelectorAll("[data-card].picked")];
const named = (board) => picked(board).map((card) => `${card.dataset.card}:${card.dataset.version}`).join(",");

function tell(board) {
  const bar = document.querySelector("[data-picked-bar]");
  if (!bar) return;
  const { length } = picked(board);
  bar.hidden = !length;
  const place = bar.querySelector("[data-picked-count]");
  const text = say("cards_picked", { n: length });
  if (place.textContent !== text && length) announce(text);
  place.textContent = text;
  bar.querySelector("[data-picked-assign]")?.setAttribute("hx-vals", JSON.stringify({ cards: named(board) }));
}

function pick(card, isOn = !card.matches(".picked")) {
  if (!card.dataset.moveUrl) return;
  card.classList.toggle("picked", isOn);
  last = card;
  tell(boardOf(card));
}

/** From the card picked last to this one, in their column. */
function pickTo(card) {
  const cards = [...columnOf(card).querySelectorAll("[data-card]")];
  const from = last?.isConnected ? cards.indexOf(last) : -1;
  const to = cards.indexOf(card);
  if (from < 0) return pick(card, true);
  for (const one of cards.slice(Math.min(from, to), Math.max(from, to) + 1)) pick(one, true);
  last = card;
}

function clear(board) {
  picked(board).forEach((card) => card.classList.remove("picked"));
  last = null;
  tell(board);
}

document.addEventListener("click", (event) => {
  const card = event.target.closest?.("[data-board] [data-card]");
  if (!card || event.button || event.altKey) return;
  const isMore = event.ctrlKey || event.metaKey;
  const isTap = wasTouched && picked(boardOf(card)).length;
  const isEndOfPress = event.timeStamp - pickedAt < 80;
  if (!isMore && !event.shiftKey && !isTap && !isEndOfPress) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isEndOfPress) return;
  if (event.shiftKey) pickTo(card);
  else pick(card);
}, true);

on("keydown", "[data-board] [data-card]", (event, card) => {
  if (isComposing(event) || event.target !== card || event.altKey || event.ctrlKey || event.metaKey) return;
  const board = boardOf(card);
  const key = event.key.toLowerCase();
  const by = event.shiftKey && { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    const cards = [...columnOf(card).querySelectorAll("[data-card]")];
    const next = cards[cards.indexOf(card) + by];
    pick(card, true);
    if (next) {
      pick(next, true);
      next.focus();
    }
  } else if (key === "x" && !event.shiftKey) pick(card);
  else if (key === "escape" && picked(board).length && !card.matches(".held")) clear(board);
  else if (key === "m" && card.matches(".picked") && picked(board).length > 1) columnMenu(laneOf(card), card, null, (column) => put(board, column.dataset.column));
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || isTyping(event.target)) return;
  const board = document.querySelector("[data-board]");
  if (board && picked(board).length && !document.querySelector("dialog[open], .m-pop:popover-open:not(.m-toast)")) clear(board);
});

// A long press: the card is picked when the finger leaves without having moved it.
let press = null;

document.addEventListener("pointerdown", (event) => {
  wasTouched = event.pointerType === "touch";
  const card = wasTouched && event.target.closest?.("[data-board] [data-card]");
  press = card ? { card, at: event.timeStamp, x: event.clientX, y: event.clientY } : null;
}, true);
document.addEventListener("pointermove", (event) => {
  if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > 8) press = null;
}, true);
document.addEventListener("pointercancel", () => { press = null; }, true);
document.addEventListener("pointerup", (event) => {
  if (!press || event.timeStamp - press.at < 400) return;
  const { card } = press;
  press = null;
  pick(card);
  pickedAt = event.timeStamp;
}, true);
on("contextmenu", "[data-board] [data-card]", (event) => { if (wasTouched) event.preventDefault(); });

// What is done with them ------------------------------------------------------------------------------------------

on("click", "[data-picked-clear]", (event, button) => clear(boardOf(button)));
on("click", "[data-picked-move]", (event, button) => {
  const board = boardOf(button);
  const columns = new Set(picked(board).map(columnOf));
  columnMenu(laneOf(picked(board)[0]), button, columns.size === 1 ? [...columns][0] : null, (column) => put(board, column.dataset.column));
});
document.addEventListener("m:put", (event) => put(boardOf(event.target), event.detail.column));

async function put(board, column) {
  const cards = picked(board);
  const values = { cards: named(board), column };
  cards.forEach((card) => card.classList.add("sending"));
  const ctx = await post(board, board.dataset.movesUrl, values);
  cards.forEach((card) => card.classList.remove("sending"));
  if (ctx.response?.status < 400) return clear(board);
  if (needsForm(ctx)) return;
  toast({ text: ctx.response ? reason(ctx) : say("offline"), kind: "bad" });
}

// The dialog (another owner, fields a column needs) did it: the hand is empty again.
document.addEventListener("close-dialog", () => document.querySelectorAll("[data-board]").forEach(clear));
document.addEventListener("m:merged", (event) => tell(boardOf(event.target)));
onContent((root) => root.querySelectorAll("[data-board]").forEach(tell));
