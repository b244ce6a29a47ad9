/** What was typed and not saved on this device: `[data-kept-drafts]` lists it with a way back to it.
 *
 * In it `<template>` is one entry with `a`, `[data-when]` and `[data-discard]`; the place stays hidden while there is none.
 */
import { on, onContent } from "./dom.js";
import { drafts, drop, time } from "./drafts.js";

function show(place) {
  const found = drafts().filter((one) => one.url);
  place.hidden = !found.length;
  const list = place.querySelector("ul");
  list.replaceChildren(...found.map((one) => {
    const entry = place.querySelector("template").content.cloneNode(true);
    const link = entry.querySelector("a");
    link.href = one.url;
    link.textContent = one.title || one.url;
    entry.querySelector("[data-when]").textContent = time(one.moment);
    entry.querySelector("[data-discard]").dataset.discard = one.key;
    return entry;
  }));
}

on("click", "[data-discard]", (event, button) => {
  drop(button.dataset.discard);
  document.querySelectorAll("[data-kept-drafts]").forEach(show);
});
onContent((root) => root.querySelectorAll("[data-kept-drafts]").forEach(show));
