/** The page that needs no connection (`[data-offline]`): what waits to be sent, and the quick forms kept on the device.
 *
 * It has no member and no data of its own: both come from this device. `<template>`s of the page are filled here.
 */
import { contentChanged, on, say } from "./dom.js";
import { deliver, dropEntry, entriesOf, kept, onEntries, putEntry, who } from "./outbox.js";
import { doubt } from "./shown.js";
import { toast } from "./toast.js";
import { keepEntry, newClient, renew } from "./waiting.js";

const page = document.querySelector("[data-offline]");
let owner = null;

function time(moment) {
  return new Date(moment).toLocaleString(document.documentElement.lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
}

function row(entry) {
  const made = document.getElementById("waiting-row").content.cloneNode(true).firstElementChild;
  made.dataset.client = entry.client;
  made.dataset.state = entry.state;
  made.querySelector("[data-title]").textContent = entry.title;
  made.querySelector("[data-about]").textContent = `${entry.label} ${time(entry.at)}`;
  made.querySelector("[data-values]").textContent = (entry.said || []).filter((one) => one !== entry.title).join(" / ");
  made.querySelector("[data-problem]").textContent = entry.state === "refused" ? [entry.message, ...(entry.problems || []).map((one) => one.message)].filter(Boolean).join(" ") : "";
  for (const one of made.querySelectorAll("[data-in]")) one.hidden = !one.dataset.in.split(" ").includes(entry.state);
  const open = made.querySelector("a[data-open-entry]");
  open.href = entry.state === "sent" ? entry.url : `${entry.address || "/"}?waiting=${entry.client}`;
  return made;
}

async function draw() {
  const entries = owner ? await entriesOf(owner.member) : [];
  const list = page.querySelector("[data-waiting-list]");
  list.replaceChildren(...entries.map(row));
  page.querySelector("[data-waiting]").hidden = !entries.length;
  page.querySelector("[data-none]").hidden = entries.length > 0;
  page.querySelector("[data-send]").hidden = !entries.some((one) => one.state === "waiting");
}

function tell() {
  const isAway = !navigator.onLine || location.pathname !== "/offline";
  for (const one of page.querySelectorAll("[data-when]")) one.hidden = (one.dataset.when === "away") !== isAway;
}

async function forms() {
  const mine = owner ? (await kept.all("forms")).filter((one) => one.member === owner.member) : [];
  const place = page.querySelector("[data-forms]");
  place.replaceChildren(...mine.map((form) => {
    const button = document.getElementById("form-button").content.cloneNode(true).firstElementChild;
    button.querySelector("[data-title]").textContent = form.title;
    button.addEventListener("click", () => enter(form));
    return button;
  }));
  page.querySelector("[data-offer]").hidden = !mine.length;
  const asked = mine.find((one) => one.url === location.pathname);
  if (asked) enter(asked);
}

/** The form as the server drew it for this member, with a place of its own for what is typed. */
function enter({ html, title }) {
  const place = page.querySelector("[data-entry]");
  const form = document.adoptNode(new DOMParser().parseFromString(html, "text/html").querySelector("form"));
  form.querySelector("h1").textContent = title;
  place.replaceChildren(form);
  form.elements.m__client.value = newClient();
  doubt(form);
  page.classList.add("entering");
  contentChanged();
  form.querySelector("[data-field] input:not([type=hidden])")?.focus();
}

async function send() {
  const left = await deliver();
  if (left) toast({ text: left === "sign-in" ? say("waiting_sign_in") : say("offline"), kind: "bad" });
}

async function begin() {
  owner = await who().catch(() => null);
  onEntries(draw);
  tell();
  draw();
  forms();
  if (navigator.onLine) deliver();
  const shared = await kept.get("kept", "shared").catch(() => null);
  if (shared) {
    page.querySelector("[data-shared]").hidden = false;
    page.querySelector("[data-shared] textarea").value = shared.text;
  }
}

on("submit", "form[data-away]", (event, form) => {
  event.preventDefault();
  event.stopPropagation();
  form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  keepEntry(form, owner.member).then((isKept) => {
    if (!isKept) return;
    renew(form);
    toast({ text: say("waiting_kept") });
    deliver();
  });
});
on("click", "[data-close-entry]", () => {
  if (location.pathname !== "/offline") history.replaceState(null, "", "/offline");
  page.classList.remove("entering");
  page.querySelector("[data-entry]").replaceChildren();
  tell();
});
on("click", "[data-send]", send);
on("click", "[data-again]", () => location.reload());
on("click", "[data-drop-entry]", async (event, button) => {
  const entry = await kept.get("entries", button.closest("[data-client]").dataset.client);
  await dropEntry(entry.client);
  toast({ text: say("waiting_dropped", { title: entry.title }), undo: { run: () => putEntry(entry) } });
});
on("submit", "[data-shared] form", () => { kept.drop("kept", "shared"); });

if (page) {
  begin();
  addEventListener("offline", tell);
  addEventListener("online", () => {
    tell();
    if (location.pathname !== "/offline" && !page.classList.contains("entering")) location.reload();
    else deliver();
  });
}
