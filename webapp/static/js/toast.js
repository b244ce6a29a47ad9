/** One message at a time, with Undo for ten seconds where the server offers it.
 *
 * Shown by `toast({text, kind, undo})`, by the response header `HX-Trigger: {"toast": {…}}`, or by
 * `<template data-toast='{…}'>` in a page. kind: "" or "bad" (stays until closed). undo: {url, values}: posted by the
 * button, or {run}: called. more: {text, url} or {text, run}: a link or button beside it. The event `toast-next` is shown by the next page.
 */
import { announce, icon, onContent, say, store } from "./dom.js";

const SECONDS = 10;
const box = document.getElementById("toast");
let left = 0;
let timer = 0;
let isHeld = false;

export function toast({ text, kind = "", undo = null, more = null }) {
  if (!box || !text) return;
  hide();
  const said = document.createElement("span");
  said.textContent = text;
  const parts = [said];
  if (more) parts.push(link(more));
  if (undo) parts.push(undoButton(undo), countdown());
  if (kind === "bad" || !undo) parts.push(closeButton());
  box.className = `m-toast ${kind}`.trim();
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  box.replaceChildren(...parts);
  box.showPopover?.();
  announce(text);
  if (kind !== "bad") start(undo ? SECONDS : 5);
}

export function hide() {
  clearInterval(timer);
  isHeld = false;
  if (box?.matches(":popover-open")) box.hidePopover();
}

function start(seconds) {
  left = seconds;
  tell();
  timer = setInterval(() => {
    if (isHeld) return;
    left -= 1;
    if (left <= 0) hide();
    else tell();
  }, 1000);
}

function tell() {
  const place = box.querySelector("small");
  if (place) place.textContent = `${left} s`;
}

function countdown() {
  const place = document.createElement("small");
  place.className = "m-num";
  place.setAttribute("aria-hidden", "true");
  return place;
}

function link({ text, url, run }) {
  const made = document.createElement(run ? "button" : "a");
  made.textContent = text;
  if (run) {
    made.type = "button";
    made.addEventListener("click", () => { hide(); run(); });
  } else made.href = url;
  return made;
}

function undoButton({ url, values, run }) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = say("undo");
  button.addEventListener("click", () => {
    hide();
    if (run) run();
    else window.htmx.ajax("POST", url, { source: document.getElementById("main") || document.body, swap: "none", values: values || {} });
  });
  return button;
}

function closeButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ico";
  button.setAttribute("aria-label", say("close"));
  button.append(icon("x"));
  button.addEventListener("click", hide);
  return button;
}

for (const type of ["pointerenter", "focusin"]) box?.addEventListener(type, () => { isHeld = true; });
for (const type of ["pointerleave", "focusout"]) box?.addEventListener(type, () => { isHeld = false; });
document.addEventListener("toast", (event) => toast(event.detail));

// Said on the page that an answer leads to.
const NEXT = "toast-next";
document.addEventListener(NEXT, ({ detail: { text, kind, undo, more } }) => {
  store.set(NEXT, JSON.stringify({ text, kind, undo, more, at: Date.now() }));
});
const next = store.get(NEXT);
if (next) {
  store.drop(NEXT);
  const { at, ...said } = JSON.parse(next);
  if (Date.now() - at < 15000) toast(said);
}
onContent((root) => root.querySelectorAll("template[data-toast]").forEach((note) => {
  toast(JSON.parse(note.dataset.toast));
  note.remove();
}));
