/** Pages that follow what others do: `[data-live="/live/crm/deal?since=…"]` (`live_url(at.form)` in a template).
 *
 * One stream an address and page; a page out of sight has none and catches up when it is back. On news the element gets
 * the event `m:live` and asks for its part itself: by `hx-trigger="m:live"`, or in a module by `event.detail.until(promise)`
 * (whose value "again" asks to be called once more). A board (`&board=` in its address) is told what has changed: the
 * event `m:told` with `detail.news`; where it cannot make use of that, `detail.ask()` lets it ask as the others do.
 * It comes spread over a moment, one at a time, and waits while something in the element is dragged (`.dragging`,
 * `.held`), edited (`[data-editing]`, a focused input) or has its menu open.
 */
import { isTyping, onContent } from "./dom.js";

const HIDDEN_FOR = 10_000;
const AGAIN_AFTER = [1000, 3000, 10_000, 30_000, 60_000];
const streams = new Map(); // address without its query → { source, address, fails, timer, isLost, isOver }
const states = new WeakMap(); // element → { timer, isDue, isAsking, notBefore }
let hiding = 0;

const pathOf = (element) => element.dataset.live.split("?")[0];
const isBoard = (element) => element.dataset.live.includes("&board=");
const ageless = (address) => address.replace(/since=[\d.]+/, "");
const listeners = (path) => [...document.querySelectorAll("[data-live]")].filter((one) => pathOf(one) === path);

/** Path → the address to listen at: a board's own if there is one, which says when others on the page have to ask, too. */
function addresses() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-live]")) {
    const path = pathOf(element);
    const before = found.get(path);
    const address = isBoard(element) || !before ? element.dataset.live : before;
    const isMixed = before !== undefined && before.includes("&board=") !== isBoard(element);
    found.set(path, isMixed && !address.endsWith("&also=1") ? `${address}&also=1` : address);
  }
  return found;
}

/** Open what the page wants and has not, close what it no longer wants. */
function sync() {
  if (document.hidden) return;
  const wanted = addresses();
  for (const [path, stream] of streams) if (ageless(wanted.get(path) || "") !== stream.address) drop(path, stream);
  for (const [path, address] of wanted) if (!streams.has(path)) connect(path, address);
}

function drop(path, stream) {
  clearTimeout(stream.timer);
  stream.source?.close();
  streams.delete(path);
}

function connect(path, address) {
  const stream = streams.get(path) || { fails: 0, isLost: false };
  streams.set(path, stream);
  stream.address = ageless(address);
  const source = stream.source = new EventSource(address);
  source.addEventListener("open", () => {
    if (stream.isLost) news(path, 300);
    Object.assign(stream, { fails: 0, isLost: false });
  });
  source.addEventListener("changed", (event) => news(path, JSON.parse(event.data).within));
  source.addEventListener("board", (event) => listeners(path).filter(isBoard).forEach((element) => told(element, event.data)));
  source.addEventListener("touched", (event) => news(path, JSON.parse(event.data).within, (element) => !isBoard(element)));
  source.addEventListener("end", (event) => {
    source.close();
    if (event.data === "session" || event.data === "rights") stream.isOver = true; // until he signs in again
    else again(path, stream);
    if (event.data === "rights") news(path, 0);
  });
  source.addEventListener("error", () => {
    stream.isLost = true;
    if (source.readyState === EventSource.CLOSED) again(path, stream);
  });
}

/** Refused or ended: try again later and less and less often; each time the page asks for itself. */
function again(path, stream) {
  stream.source.close();
  stream.isLost = true;
  clearTimeout(stream.timer);
  const wait = AGAIN_AFTER[Math.min(stream.fails, AGAIN_AFTER.length - 1)];
  stream.fails += 1;
  stream.timer = setTimeout(() => {
    if (streams.get(path) !== stream || stream.isOver) return;
    if (stream.fails > 2) news(path, 300);
    connect(path, stream.address);
  }, wait * (0.8 + Math.random() * 0.4));
}

function news(path, within, isMeant = () => true) {
  for (const element of listeners(path).filter(isMeant)) plan(element, Math.random() * within, within);
}

/** News of a board that wait for nothing; else it asks for itself as soon as it can. */
function told(element, data) {
  const state = states.get(element);
  const ask = () => plan(element, Math.random() * 300, 300);
  if (document.hidden || state?.isDue || state?.isAsking || isBusy(element)) return ask();
  element.dispatchEvent(new CustomEvent("m:told", { bubbles: true, detail: { news: JSON.parse(data), ask } }));
}

function plan(element, wait, within) {
  const state = states.get(element) || {};
  states.set(element, state);
  state.within = within;
  state.isDue = true;
  if (state.timer || state.isAsking) return;
  state.timer = setTimeout(() => ask(element, state), Math.max(wait, (state.notBefore || 0) - performance.now()));
}

function isBusy(element) {
  if (element.matches(".dragging") || element.querySelector(".dragging, .held, .sending, [data-editing], .m-menu:popover-open")) return true;
  return document.getElementById("move-menu") || (isTyping(document.activeElement) && element.contains(document.activeElement));
}

async function ask(element, state) {
  state.timer = 0;
  if (!element.isConnected || document.hidden || !states.has(element)) return;
  if (isBusy(element)) {
    state.timer = setTimeout(() => ask(element, state), 400);
    return;
  }
  const began = performance.now();
  const waits = [byHtmx(element)];
  Object.assign(state, { isDue: false, isAsking: true });
  element.dispatchEvent(new CustomEvent("m:live", { bubbles: true, detail: { until: (promise) => waits.push(promise) } }));
  const ends = await Promise.allSettled(waits);
  const isLost = ends.some((one) => one.status === "rejected"); // no network: the news is not forgotten
  if (isLost || ends.some((one) => one.value === "again")) state.isDue = true;
  const took = performance.now() - began;
  // Longer where it took long, and where many ask: a busy server is asked less often. Two seconds are promised.
  Object.assign(state, { isAsking: false, notBefore: performance.now() + Math.max(isLost ? 3000 : 500, 5 * state.within, Math.min(1000, 20 * took)) });
  if (state.isDue) plan(element, 0, state.within);
}

/** The end of the request that `hx-trigger="m:live"` makes, if it makes one. */
function byHtmx(element) {
  return new Promise((done, failed) => {
    let isOne = false;
    const begin = (event) => { isOne ||= event.detail.ctx.sourceElement === element; };
    const end = (event) => { if (event.detail.ctx.sourceElement === element) finish(); };
    const lose = (event) => { if (isOne && event.detail?.ctx?.sourceElement === element) finish(failed); };
    const finish = (how = done) => {
      document.removeEventListener("htmx:error", lose);
      document.removeEventListener("htmx:before:request", begin);
      document.removeEventListener("htmx:finally:request", end);
      how();
    };
    document.addEventListener("htmx:error", lose);
    document.addEventListener("htmx:before:request", begin);
    document.addEventListener("htmx:finally:request", end);
    setTimeout(() => { if (!isOne) finish(); }, 60);
  });
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(() => { for (const [path, stream] of streams) drop(path, stream); }, HIDDEN_FOR);
    return;
  }
  const missed = [...document.querySelectorAll("[data-live]")].filter((one) => !streams.has(pathOf(one)) || states.get(one)?.isDue);
  sync();
  for (const element of missed) plan(element, Math.random() * 300, 300);
});

function anew() {
  for (const [path, stream] of streams) {
    if (stream.source.readyState === EventSource.OPEN) {
      listeners(path).forEach(atOnce);
      continue;
    }
    Object.assign(stream, { isOver: false, fails: 0, isLost: true });
    clearTimeout(stream.timer);
    stream.source.close();
    connect(path, stream.address);
  }
}

/** What could not be asked for is asked for now. */
function atOnce(element) {
  const state = states.get(element);
  if (!state?.isDue || state.isAsking) return;
  clearTimeout(state.timer);
  Object.assign(state, { timer: 0, notBefore: 0 });
  plan(element, Math.random() * 300, state.within);
}

addEventListener("online", anew);
document.addEventListener("m:signed-in", anew);
addEventListener("pagehide", () => { for (const [path, stream] of streams) drop(path, stream); });
addEventListener("pageshow", (event) => { if (event.persisted) sync(); });
onContent(sync);
