/** Pictures of a record at full size: `[data-gallery]` with `a[data-photo=name]`, texts in `data-says`.
 *
 * Arrows, a swipe or the buttons walk through the gallery, Esc or a press beside the picture closes it; the link itself
 * opens the picture where there is no script, or with Ctrl.
 */
import { announce, icon, on } from "./dom.js";

let dialog = null;
let photos = [];
let at = 0;
let says = {};

const part = (name) => dialog.querySelector(`[data-light-${name}]`);

function button(name, does, kind = "button") {
  const made = document.createElement(kind);
  if (kind === "button") made.type = "button";
  made.className = "btn m-ghost ico";
  made.setAttribute(`data-light-${does}`, "");
  made.append(name);
  return made;
}

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "m-lightbox";
  const head = document.createElement("header");
  const name = Object.assign(document.createElement("b"), { className: "m-grow m-cut" });
  name.setAttribute("data-light-name", "");
  const count = Object.assign(document.createElement("span"), { className: "m-num" });
  count.setAttribute("data-light-count", "");
  head.append(name, count, button(icon("download"), "save", "a"), button(icon("x"), "close"));
  const image = document.createElement("img");
  image.setAttribute("data-light-image", "");
  image.draggable = false;
  dialog.append(head, button(icon("chevron-left"), "back"), image, button(icon("chevron-right"), "on"));
  document.body.append(dialog);
  dialog.addEventListener("close", () => { part("image").removeAttribute("src"); photos[at]?.focus(); });
  image.addEventListener("load", () => dialog.classList.remove("loading"));
  image.addEventListener("error", () => { dialog.classList.remove("loading"); if (image.src) announce(says.failed); });
}

function show(to) {
  at = (to + photos.length) % photos.length;
  const photo = photos[at];
  const image = part("image");
  dialog.classList.add("loading");
  image.src = photo.href;
  image.alt = photo.dataset.photo;
  part("name").textContent = photo.dataset.photo;
  part("count").textContent = photos.length > 1 ? `${at + 1} / ${photos.length}` : "";
  part("save").href = `${photo.href}?download=1`;
  for (const [name, text] of [["save", says.save], ["close", says.close], ["back", says.back], ["on", says.on]]) {
    part(name).setAttribute("aria-label", text);
    part(name).title = text;
  }
  part("back").hidden = part("on").hidden = photos.length < 2;
  announce(`${photo.dataset.photo} ${part("count").textContent}`);
}

on("click", "[data-gallery] a[data-photo]", (event, photo) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  if (!dialog) build();
  const gallery = photo.closest("[data-gallery]");
  says = JSON.parse(gallery.dataset.says);
  photos = [...gallery.querySelectorAll("a[data-photo]")];
  dialog.setAttribute("aria-label", gallery.getAttribute("aria-label") || photo.dataset.photo);
  show(photos.indexOf(photo));
  dialog.showModal();
  part(photos.length > 1 ? "on" : "close").focus();
});

on("click", ".m-lightbox [data-light-close]", () => dialog.close());
on("click", ".m-lightbox [data-light-back]", () => show(at - 1));
on("click", ".m-lightbox [data-light-on]", () => show(at + 1));

document.addEventListener("keydown", (event) => {
  if (!dialog?.open || photos.length < 2) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  show(at + by);
}, true);

let from = null;
on("pointerdown", ".m-lightbox img", (event) => { from = { x: event.clientX, y: event.clientY }; });
on("pointerup", ".m-lightbox", (event) => {
  if (!from) return;
  const x = event.clientX - from.x;
  const y = event.clientY - from.y;
  from = null;
  if (Math.abs(x) > 48 && Math.abs(x) > 2 * Math.abs(y) && photos.length > 1) show(at + (x < 0 ? 1 : -1));
  else if (y > 96 && y > 2 * Math.abs(x)) dialog.close();
});
on("pointercancel", ".m-lightbox", () => { from = null; });
