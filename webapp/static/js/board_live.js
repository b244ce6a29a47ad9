/** A board as others have changed it: what comes is merged card by card, so that what stands still keeps its element,
 * its focus and its place, and pages that were scrolled for stay. As a rule the stream says what has changed (`m:told`);
 * what it leaves out (a column that was scrolled on, news missed) the board fetches.
 *
 * data-live-cards  address of the columns; `shown` says how many cards the longest one has
 * data-grown       on a column that was scrolled on
 */
import { announce, on, say } from "./dom.js";
import { fetchPart } from "./parts.js";

on("m:live", "[data-board]", (event, board) => event.detail.until(refresh(board)));
on("m:told", "[data-board]", (event, board) => { if (!take(board, event.detail.news)) event.detail.ask(); });
for (const type of ["m:refresh", "m:created"]) document.addEventListener(type, () => document.querySelectorAll("[data-board]").forEach(refresh));
document.addEventListener("htmx:before:swap", (event) => {
  event.detail.ctx?.sourceElement?.closest?.(".m-more")?.closest("[data-cards]")?.setAttribute("data-grown", "");
});

/** Make the board as the stream says: `lots` are columns with `[id, version]` of their cards, `cards` the HTML of those
 * that look otherwise now. Answers whether that could be done: not where something has been missed. */
function take(board, news) {
  if (board.querySelector("[data-cards][data-grown]")) return false;
  const old = cardsOf(board);
  const made = new Map(Object.entries(news.cards).map(([id, html]) => [`card-${id}`, one(html)]));
  const lots = news.lots.map((lot) => ({
    place: board.querySelector(`#cards-${lot.place}`),
    cards: lot.cards.map(([id, version]) => fitting(made.get(`card-${id}`), old.get(`card-${id}`), version)),
    more: lot.more && one(lot.more),
  }));
  const isWhole = lots.every((lot) => (lot.place ? lot.place.hasAttribute("data-folded") || !lot.cards.includes(null) : !lot.cards.length));
  if (!isWhole || [...made].some(([id, card]) => Number(old.get(id)?.dataset.version) > Number(card.dataset.version))) return false;
  const placed = new Set(lots.flatMap((lot) => lot.cards));
  const apart = [...made.values()].filter((card) => !placed.has(card) && old.has(card.id)); // in columns that stand as they did
  const changed = settled(board, lots.filter((lot) => lot.place), old);
  for (const card of apart) kept(old.get(card.id), card, old.get(card.id).parentElement, changed);
  for (const [id, html] of Object.entries(news.heads || {})) put(id, html);
  if (news.count) put("count", news.count);
  board.dispatchEvent(new Event("m:merged", { bubbles: true }));
  if (changed.length) announce(say("board_news", { n: changed.length }));
  return true;
}

function put(id, html) {
  const place = document.getElementById(id);
  const fresh = parsed(html);
  if (place && place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
}

const cardsOf = (board) => new Map([...board.querySelectorAll("[data-card]")].map((card) => [card.id, card]));
const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body;
const one = (html) => parsed(html).firstElementChild;

/** The card to stand there: the one that came, else the one that is there already in this version; null for neither. */
function fitting(fresh, card, version) {
  if (fresh && Number(fresh.dataset.version) === version) return fresh;
  return card && Number(card.dataset.version) === version ? card : null;
}

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
  const lots = fresh.map((list, at) => ({
    place: stand[at],
    cards: [...list.querySelectorAll("[data-card]")],
    more: list.querySelector(".m-more"),
    isFolded: list.hasAttribute("data-folded"),
  }));
  return settled(board, lots, cardsOf(board));
}

/** Let columns hold the cards of their lots; answers the cards that came or look otherwise. */
function settled(board, lots, old) {
  const focused = document.activeElement?.closest?.("[data-card]");
  const here = new Set(lots.flatMap((lot) => lot.cards.map((card) => card?.id))); // a folded column holds no cards
  const changed = [];
  for (const { place, cards, more, isFolded } of lots) {
    if (isFolded || place.hasAttribute("data-folded")) continue;
    // What was scrolled for beyond the answer stays, with its own way on.
    const isGrown = more && place.hasAttribute("data-grown");
    const tail = isGrown ? [...place.querySelectorAll("[data-card]")].slice(cards.length).filter((card) => !here.has(card.id)) : [];
    const wanted = cards.map((card) => kept(old.get(card.id), card, place, changed));
    const end = tail.length ? place.querySelector(".m-more") : more && document.adoptNode(more);
    settle(place, [...wanted, ...tail, ...(end ? [end] : [])]);
    if (end && !tail.length) window.htmx.process(end);
    if (!tail.length && cards.length <= 20) place.removeAttribute("data-grown");
  }
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
  if (card === fresh) {
    if (!place.contains(card)) flash(card, changed);
    return card;
  }
  const isSame = card.dataset.version === fresh.dataset.version && card.innerHTML === fresh.innerHTML;
  if (!isSame) {
    card.replaceChildren(...fresh.childNodes);
    for (const { name, value } of fresh.attributes) if (name !== "class") card.setAttribute(name, value);
  }
  if (!isSame || !place.contains(card)) flash(card, changed);
  return card;
}

function flash(card, changed) {
  changed.push(card);
  card.classList.remove("news");
  requestAnimationFrame(() => card.classList.add("news"));
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
