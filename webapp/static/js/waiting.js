/** Entry forms of new records (`form[data-queue="Lead"]`) are saved without a connection too.
 *
 * A save that the network did not take is kept in the outbox under the member who made it and sent later, once. `#waiting`
 * says how many wait; signing out asks about them (`#leaving`); `?waiting=<client id>` opens one that was refused, with
 * its messages. Comes before drafts.js: such a form has a draft of its own.
 */
import { on, onContent, say } from "./dom.js";
import { deliver, dropEntry, entriesOf, forgetMember, kept, onEntries, putEntry, who } from "./outbox.js";
import { standing } from "./shown.js";
import { toast } from "./toast.js";

const member = document.documentElement.dataset.member;
const SLOW = 15000;
const mended = new URLSearchParams(location.search).get("waiting");

/** An id that the device gives a new record. */
export function newClient() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function missing(form) {
  return [...form.querySelectorAll("[data-field]:not([hidden], .maybe) [required]")].find((one) => !one.checkValidity());
}

/** What the form says, as its person reads it. */
function said(form) {
  return [...form.querySelectorAll("[data-field]:not([hidden])")].map((field) => {
    const chosen = [...field.querySelectorAll("input:checked")].map((one) => one.closest("label")?.textContent.trim());
    const picked = [...field.querySelectorAll("select option:checked")].filter((one) => one.value).map((one) => one.textContent.trim());
    const typed = [...field.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), textarea")].map((one) => one.value.trim());
    return [...chosen, ...picked, ...typed].filter(Boolean).join(", ");
  }).filter(Boolean);
}

/** Keep what the form holds for later; false where the device refuses, or something required is empty. */
export async function keepEntry(form, owner) {
  const gap = missing(form);
  if (gap) {
    gap.focus();
    toast({ text: say("fill_in", { label: gap.closest("[data-field]").querySelector(".form-label")?.textContent.trim() || "" }), kind: "bad" });
    return false;
  }
  form.elements.m__fields.value = standing(form);
  const data = new FormData(form);
  const titles = Object.fromEntries([...form.querySelectorAll("[data-picker]")].map((one) => [one.querySelector("[data-picker-value]").name, one.querySelector("[role=combobox]").value]));
  const entry = {
    client: data.get("m__client"),
    member: String(owner),
    address: new URL(form.action).pathname,
    label: form.dataset.queue,
    title: [...form.querySelectorAll("[data-field] input:not([type=hidden], [type=radio], [type=checkbox])")].find((one) => one.value.trim())?.value.trim() || form.dataset.queue,
    fields: [...data].filter(([name, value]) => !["csrf_token", "m__find", "next"].includes(name) && typeof value === "string"),
    titles,
    said: said(form),
    at: Date.now(),
    state: "waiting",
  };
  try {
    await putEntry(entry);
  } catch {
    return false;
  }
  navigator.storage?.persist?.().catch(() => {});
  navigator.serviceWorker?.ready.then((there) => there.sync?.register("mortise-outbox")).catch(() => {});
  return true;
}

/** The form empty again, for the next one. */
export function renew(form) {
  form.reset();
  form.querySelectorAll("[data-picker-value]").forEach((one) => { one.value = ""; });
  form.elements.m__client.value = newClient();
  form.querySelectorAll(".m-problem, [data-known]").forEach((one) => one.replaceChildren());
  form.dispatchEvent(new CustomEvent("draft-over", { bubbles: true }));
  form.querySelector("[data-field] input:not([type=hidden], [type=radio]), [data-field] textarea")?.focus();
}

const queued = (ctx) => (member && ctx.request.method === "POST" && ctx.sourceElement.matches?.("form[data-queue]") ? ctx.sourceElement : null);

document.addEventListener("htmx:config:request", (event) => {
  if (queued(event.detail.ctx)) event.detail.ctx.request.timeout = SLOW;
});

// No answer came: the network is gone, or too slow to wait for. The server makes it once, whatever of it has arrived.
document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  const form = queued(ctx);
  if (ctx.sourceElement.matches?.("[data-known]")) ctx.quiet = true; // only a hint
  if (!form || ctx.text !== undefined || ctx.response?.status >= 400) return;
  ctx.quiet = true;
  keepEntry(form, member).then((isKept) => {
    if (!isKept) return;
    renew(form);
    toast({ text: say("waiting_kept"), more: { text: say("waiting_see"), url: "/offline" } });
  });
}, true);

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const form = queued(ctx);
  if (form && mended && ctx.response.status < 400) dropEntry(mended);
});

// What waits is said on every page, and sent when there is a way.

let sent = null;

async function count() {
  const banner = document.getElementById("waiting");
  if (!banner || !member) return;
  const all = await entriesOf(member).catch(() => []);
  const now = all.filter((one) => one.state === "sent").length;
  if (sent !== null && now > sent) toast({ text: say("waiting_sent", { n: now - sent }), more: { text: say("waiting_see"), url: "/offline" } });
  sent = now;
  const mine = all.filter((one) => one.state !== "sent");
  const refused = mine.filter((one) => one.state === "refused").length;
  banner.hidden = !mine.length;
  banner.classList.toggle("bad", refused > 0);
  banner.querySelector("[data-said]").textContent = refused ? say("waiting_refused", { n: refused }) : say("waiting_n", { n: mine.length });
}

/** By this page; the service worker does it too, where the browser wakes it. */
async function attempt() {
  if (navigator.onLine) await deliver().catch(() => {});
}

if (member) {
  who().then((last) => {
    const now = { key: "who", member, locale: document.documentElement.lang.slice(0, 2) };
    if (last?.member !== now.member || last?.locale !== now.locale) kept.put("kept", now);
  }).catch(() => {});
  onEntries(count);
  count().then(attempt);
  addEventListener("online", attempt);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") attempt(); });
}

// Signing out takes along what the device kept for the member, so it asks first where something has not been sent.

async function leave(form) {
  await forgetMember(member).catch(() => {});
  form.isReady = true;
  form.requestSubmit();
}

addEventListener("submit", async (event) => {
  const form = event.target.closest?.("form[data-sign-out]");
  if (!form || form.isReady || !member) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const unsent = (await entriesOf(member).catch(() => [])).filter((one) => one.state !== "sent").length;
  const dialog = document.getElementById("leaving");
  if (!unsent || !dialog) {
    leave(form);
    return;
  }
  form.closest("[popover]")?.hidePopover();
  dialog.querySelector("[data-said]").textContent = say("waiting_n", { n: unsent });
  dialog.showModal();
  dialog.querySelector("[data-leave]").onclick = () => { dialog.close(); leave(form); };
}, true);

on("click", "#leaving a", () => document.getElementById("leaving").close());

// One that was refused, opened to be mended.

/** Put the values of an entry into a form. */
export function fill(form, { fields, titles = {} }) {
  const left = fields.map((pair) => [...pair]);
  const take = (name) => left.splice(left.findIndex((pair) => pair[0] === name), 1)[0]?.[1];
  const has = (name) => left.some((pair) => pair[0] === name);
  for (const one of form.elements) {
    if (!one.name || ["csrf_token", "m__fields", "m__find", "next"].includes(one.name)) continue;
    if (one.type === "radio" || one.type === "checkbox") one.checked = fields.some(([name, value]) => name === one.name && value === one.value);
    else if (one.multiple && one.options) [...one.options].forEach((option) => { option.selected = fields.some(([name, value]) => name === one.name && value === option.value); });
    else if (has(one.name)) one.value = take(one.name);
  }
  for (const [key, title] of Object.entries(titles)) {
    const field = form.querySelector(`[data-field="${CSS.escape(key)}"] [role=combobox]`);
    if (field) field.value = title;
  }
}

function mark(form, { problems = [], message }) {
  const elsewhere = [];
  for (const { path, message: said } of problems) {
    const place = document.getElementById(`f-${path}-error`);
    if (!place) elsewhere.push(said);
    else {
      const line = document.createElement("p");
      line.className = "m-err";
      line.textContent = said;
      place.replaceChildren(line);
      document.getElementById(`f-${path}`)?.setAttribute("aria-invalid", "true");
      place.closest("[data-field]")?.classList.add("quick");
    }
  }
  const note = document.createElement("div");
  note.className = "m-banner bad";
  note.setAttribute("role", "alert");
  note.textContent = [message, ...elsewhere].filter(Boolean).join(" ");
  form.querySelector("[data-draft-note]")?.replaceChildren(note);
}

if (mended) {
  onContent((page) => {
    const form = page.querySelector("form[data-queue]");
    if (!form || form.isMended) return;
    form.isMended = true;
    form.dataset.draft += `:${mended}`;
    kept.get("entries", mended).then((entry) => {
      if (!entry?.fields || String(entry.member) !== member) return;
      fill(form, entry);
      form.dispatchEvent(new Event("draft-restored", { bubbles: true }));
      form.elements.m__client.value = entry.client;
      if (entry.state === "refused") mark(form, entry);
    });
  });
}
