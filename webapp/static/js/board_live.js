/** A board as others have changed it: its columns are fetched again and merged card by card, so that what stands still
 * keeps its element, its focus and its place, and pages that were scrolled for stay.
 *
 * data-live-cards  address of the columns; `shown` says how many cards the longest one has
 */
import { announce, on, say } from "./dom.js";
import { fetchPart } from "./parts.js";

on("m:live", "[data-board]", (event, board) => event.detail.until(refresh(board)));
for (const type of ["m:refresh", "m:created"]) document.addEventListener(type, () => document.querySelectorAll("[data-board]").forEach(refresh));

async function refresh(board) {
  const shown = Math.max(0, ...[...board.querySelectorAll("[data-cards]")].map((list) => list.querySelectorAll("[data-card]").length));
  const join = board.dataset.liveCards.includes("?") ? "&" : "?";
  const lanes = [...board.querySelectorAll("[data-lane-row]:has([data-cards])")].map((lane) => `&lane=${encodeURIComponent(lane.dataset.laneRow)}`).join("");
  const answer = await fetchPart(`${board.dataset.liveCards}${join}shown=${shown}${lanes}`);
  if (answer.status === 404 || answer.status === 403) return gone(board);
  if (!answer.ok || !board.isConnected) return null;
  if (board.matches(".dragging") || board.querySelector(".held, .sending")) return "again";
  const fresh = [...answer.page.querySelectorAll("[data-cards]")];
  const stand = [...board.querySelectorAll("[data-cards]")];
  if (fresh.map((list) => list.id).join() !== stand.map((list) => list.id).join()) return gone(board);
  const changed = merge(board, stand, fresh);
  board.dispatchEvent(new Event("m:merged", { bubbles: true }));
  window.htmx.trigger(board, "recount");
  if (changed.length) announce(say("board_news", { n: changed.length }));
  return null;
}

/** Columns came or went, or the whole view did: the list is fetched as it is now, and says so. */
function gone() {
  const place = document.getElementById("list");
  if (place) return window.htmx.ajax("GET", location.pathname + location.search, { source: place, target: place, swap: "outerMorph" });
}

function merge(board, stand, fresh) {
  const focused = document.activeElement?.closest?.("[data-card]");
  const old = new Map([...board.querySelectorAll("[data-card]")].map((card) => [card.id, card]));
  const here = new Set(fresh.flatMap((list) => [...list.querySelectorAll("[data-card]")].map((card) => card.id)));
  const changed = [];
  fresh.forEach((list, at) => {
    const place = stand[at];
    if (place.hasAttribute("data-folded") || list.hasAttribute("data-folded")) return;
    const cards = [...list.querySelectorAll("[data-card]")];
    const more = list.querySelector(".m-more");
    // What was scrolled for beyond the answer stays, with its own way on.
    const tail = more ? [...place.querySelectorAll("[data-card]")].slice(cards.length).filter((card) => !here.has(card.id)) : [];
    const wanted = cards.map((card) => kept(old.get(card.id), card, place, changed));
    const end = tail.length ? place.querySelector(".m-more") : more && document.adoptNode(more);
    settle(place, [...wanted, ...tail, ...(end ? [end] : [])]);
    if (end && !tail.length) window.htmx.process(end);
  });
  if (focused && !focused.isConnected) (board.querySelector("[data-card]") || board).focus({ preventScroll: true });
  else if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
  return changed;
}

/** The card that stands already, brought up to date; else the new one. */
function kept(card, fresh, place, changed) {
  if (!card) {
    changed.push(fresh);
    fresh.classList.add("news");
    return document.adoptNode(fresh);
  }
  const isSame = card.dataset.version === fresh.dataset.version && card.innerHTML === fresh.innerHTML;
  if (!isSame) {
    card.replaceChildren(...fresh.childNodes);
    for (const { name, value } of fresh.attributes) if (name !== "class") card.setAttribute(name, value);
  }
  if (!isSame || !place.contains(card)) {
    changed.push(card);
    card.classList.remove("news");
    requestAnimationFrame(() => card.classList.add("news"));
  }
  return card;
}

/** Let `place` hold exactly these, moving as few as possible: a moved element loses its scroll and its focus. */
function settle(place, wanted) {
  const staying = new Set(wanted);
  for (const child of [...place.children]) if (!staying.has(child)) child.remove();
  wanted.forEach((one, at) => {
    const now = place.children[at];
    if (now !== one) place.insertBefore(one, now || null);
  });
}

on("animationend", "[data-card].news", (event, card) => card.classList.remove("news"));
