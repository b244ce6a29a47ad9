/** Nothing typed is lost: entry forms with `data-draft="key"` are kept on the device, per member, until they are saved.
 *
 * Restored with a notice (in `[data-draft-note]` of the form, else at its top) that offers to discard; `[data-draft-state]`
 * says when the draft was kept. Gone after a save (an htmx answer below 400, or leaving a page for one without the
 * form), on `HX-Trigger: draft-saved`, when the form says `draft-over`, and with sign-out. Leaving with unsaved changes asks.
 */
import { on, onContent, say, store } from "./dom.js";

const member = document.documentElement.dataset.member || "0";
const prefix = `draft:${member}:`;
const timers = new WeakMap();
const SENT = "sent-draft";
/** Draft key → what its form held before anybody typed, for as long as the page lives: a refused form keeps it. */
const untouched = new Map();
const SKIPPED = "[type=password], [type=file], [name=csrf_token], [data-draft-skip]";

function keyOf(form) {
  return prefix + form.dataset.draft;
}

function inputs(form) {
  return [...form.elements].filter((one) => one.name && !one.matches(SKIPPED) && one.type !== "submit" && one.type !== "button");
}

/** What the form holds: [[name, value], …] in order, so that repeated names keep their places. */
function read(form) {
  return inputs(form).map((one) => [one.name, one.type === "checkbox" || one.type === "radio" ? [one.value, one.checked] : valueOf(one)]);
}

function valueOf(one) {
  return one.multiple && one.options ? [...one.selectedOptions].map((option) => option.value) : one.value;
}

function write(form, values) {
  const seen = {};
  for (const one of inputs(form)) {
    const nth = seen[one.name] = (seen[one.name] ?? -1) + 1;
    const kept = values.filter(([name]) => name === one.name)[nth]?.[1];
    if (kept === undefined || one.type === "hidden" && one.name === "version") continue;
    if (one.type === "checkbox" || one.type === "radio") one.checked = kept[0] === one.value ? kept[1] : one.checked;
    else if (one.multiple && one.options) [...one.options].forEach((option) => { option.selected = kept.includes(option.value); });
    else one.value = kept;
  }
}

/** When a draft was kept, as people say it. */
export function time(moment) {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date().toDateString();
  const options = isToday ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(document.documentElement.lang, { ...options, hour12: false });
}

function isChanged(form) {
  return form.isConnected && untouched.has(keyOf(form)) && JSON.stringify(read(form)) !== untouched.get(keyOf(form));
}

/** Where the form can be found again: its own page, or the record it stands on. */
function address(form) {
  if (form.dataset.back || form.matches("[data-say-form]")) return form.dataset.back || form.getAttribute("action").replace(/\/talk$/, "");
  const action = form.getAttribute("action") || "";
  return form.method === "post" && /\/(new|edit|add)$/.test(action) ? action : location.pathname + location.search;
}

function titleOf(form) {
  const said = form.closest("dialog, #panel")?.querySelector("h1, h2, strong")?.textContent || document.querySelector("main h1")?.textContent;
  return (said || document.title).trim().slice(0, 80);
}

/** Every draft of this member on this device, the last first: {key, moment, url, title}. */
export function drafts() {
  const found = store.keys().filter((key) => key.startsWith(prefix)).map((key) => ({ ...parsed(store.get(key)), key }));
  return found.filter((one) => one.moment).sort((a, b) => b.moment - a.moment);
}

export function drop(key) {
  store.drop(key);
}

/** Keep the form now; returns whether there is something to keep. */
function keep(form) {
  if (!form.isConnected) return false;
  if (!isChanged(form)) {
    store.drop(keyOf(form));
    tell(form, "");
    return false;
  }
  const moment = Date.now();
  if (store.set(keyOf(form), JSON.stringify({ moment, values: read(form), url: address(form), title: titleOf(form) }))) tell(form, say("draft_saved", { time: time(moment) }));
  return true;
}

function tell(form, text) {
  const place = form.querySelector("[data-draft-state]");
  if (place) place.textContent = text;
}

function begin(form) {
  if (form.isBegun) return;
  form.isBegun = true;
  const key = keyOf(form);
  const shown = JSON.stringify(read(form));
  if (untouched.has(key)) return;
  // Sent by a plain form and here again: it was refused, and what it shows is not saved.
  untouched.set(key, store.get(SENT) === key ? "" : shown);
  const kept = parsed(store.get(key));
  if (!kept || JSON.stringify(kept.values) === shown || !untouched.get(key)) return;
  write(form, kept.values);
  notice(form, kept.moment);
  form.dispatchEvent(new Event("draft-restored", { bubbles: true }));
}

function parsed(text) {
  try { return text && JSON.parse(text); } catch { return null; }
}

function notice(form, moment) {
  const note = document.createElement("div");
  note.className = "m-banner info box";
  note.setAttribute("role", "status");
  const said = document.createElement("span");
  said.className = "m-grow";
  said.textContent = say("draft_restored", { time: time(moment) });
  const discard = document.createElement("button");
  discard.type = "button";
  discard.className = "link";
  discard.textContent = say("draft_discard");
  discard.addEventListener("click", () => {
    write(form, JSON.parse(untouched.get(keyOf(form))));
    forget(form);
    note.remove();
    form.dispatchEvent(new Event("draft-restored", { bubbles: true }));
  });
  note.append(said, discard);
  const place = form.querySelector("[data-draft-note]");
  if (place) place.replaceChildren(note);
  else form.prepend(note);
}

function forget(form) {
  clearTimeout(timers.get(form));
  store.drop(keyOf(form));
  untouched.set(keyOf(form), JSON.stringify(read(form)));
  tell(form, "");
}

onContent((root) => root.querySelectorAll("form[data-draft]").forEach(begin));

for (const type of ["input", "change"]) {
  on(type, "form[data-draft]", (event, form) => {
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form), 300));
  });
}

// Saved through htmx: the answer decides. Watched before the swap takes the form away.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx.sourceElement.closest?.("form[data-draft]");
  const isSave = form && ctx.request.method !== "GET" && ctx.sourceElement === form;
  if (!isSave || ctx.response.status >= 400) return;
  forget(form);
  untouched.delete(keyOf(form));
});
// Left on purpose (Esc, Cancel): what was typed is not wanted.
document.addEventListener("draft-leave", (event) => event.target.dataset?.draft && forget(event.target));
document.addEventListener("draft-saved", (event) => {
  const key = event.detail?.value || event.detail?.key;
  if (key) store.drop(prefix + key);
});

document.addEventListener("draft-over", (event) => forget(event.target));

// Saved by a plain form: if the next page is ours and no longer shows the form, it was taken.
on("submit", "form[data-draft]", (event, form) => {
  if (event.defaultPrevented || form.matches("[hx-post], [hx-put], [hx-patch]")) return;
  keep(form);
  form.isSent = true;
  store.set(SENT, keyOf(form));
});
const last = store.get(SENT);
if (last) {
  const isThere = [...document.querySelectorAll("form[data-draft]")].some((form) => keyOf(form) === last);
  const isOurs = document.documentElement.dataset.member && !document.querySelector("[data-error-page]");
  if (isOurs && !isThere) store.drop(last);
  store.drop(SENT);
}

addEventListener("beforeunload", (event) => {
  const changed = [...document.querySelectorAll("form[data-draft]")].filter((form) => !form.isSent && keep(form));
  if (changed.length) event.preventDefault();
});
addEventListener("pagehide", () => document.querySelectorAll("form[data-draft]").forEach((form) => { if (!form.isSent) keep(form); }));

on("submit", "form[data-sign-out]", () => {
  store.keys().filter((key) => key.startsWith(prefix)).forEach(store.drop);
  document.querySelectorAll("form[data-draft]").forEach((form) => { form.isSent = true; });
});
