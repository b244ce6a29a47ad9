/** Menus (`popover` elements of class m-menu, opened by `popovertarget`): placed beside their button, walked with arrows.
 *
 * On the phone the style sheet makes them sheets from below; sheet.js lets a finger pull them down.
 */
import { isPhone, on } from "./dom.js";

let opener = null;

on("click", "[popovertarget]", (event, button) => { opener = button; }, true);

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".m-pop[popover]")) return;
  const button = buttonOf(menu);
  button?.setAttribute("aria-expanded", String(event.newState === "open"));
  if (event.newState !== "open") {
    menu.removeAttribute("style"); // htmx would carry it over to the next menu of this id, which the policy refuses
    return;
  }
  place(menu, button);
  (menu.querySelector("[autofocus]") || menu.querySelector("[aria-checked=true]") || items(menu)[0])?.focus();
}, true);

function buttonOf(menu) {
  if (opener?.isConnected && opener.getAttribute("popovertarget") === menu.id) return opener;
  return [...document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"]`)].find((one) => one.offsetParent) || null;
}

/** Below the button where there is room, else above it; always inside the window. */
export function place(menu, button) {
  for (const side of ["left", "top"]) menu.style.removeProperty(side);
  if (!button || (isPhone() && menu.matches(".m-menu"))) return;
  const at = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const isRight = at.left + size.width > innerWidth - 8;
  const left = isRight ? at.right - size.width : at.left;
  const below = at.bottom + 4;
  const top = below + size.height > innerHeight - 8 ? Math.max(8, at.top - 4 - size.height) : below;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${top}px`;
}

function items(menu) {
  return [...menu.querySelectorAll(".m-item:not([disabled])")].filter((one) => one.offsetParent);
}

on("keydown", ".m-menu", (event, menu) => {
  const list = items(menu);
  const now = list.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: list.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    list[(next + list.length) % list.length]?.focus();
  } else if (event.key === "Tab") {
    menu.hidePopover();
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " " && !event.target.matches("input")) {
    const letter = event.key.toLowerCase();
    const after = [...list.slice(now + 1), ...list.slice(0, now + 1)];
    after.find((one) => one.textContent.trim().toLowerCase().startsWith(letter))?.focus();
    event.stopPropagation();
  }
});

on("click", ".m-menu .m-item:not([data-stay])", (event, item) => {
  const menu = item.closest(".m-menu");
  if (item.type !== "submit") menu.hidePopover?.();
});

// A swap may take the list under an open menu away: nothing stays hanging in the air.
addEventListener("resize", () => document.querySelectorAll(".m-pop:popover-open:not(.m-toast)").forEach((menu) => place(menu, buttonOf(menu))));

// What is fetched into an open menu finds its place and the focus.
document.addEventListener("htmx:after:swap", (event) => {
  const menu = event.detail.ctx.target;
  if (!menu?.matches?.(".m-pop[popover]:popover-open")) return;
  place(menu, buttonOf(menu));
  (menu.querySelector("[aria-checked=true]") || items(menu)[0] || menu.querySelector("input"))?.focus();
});

// Nor does the place of one that is closed go over to the menu that comes in its stead.
document.addEventListener("htmx:before:swap", () => document.querySelectorAll(".m-pop[popover][style]:not(:popover-open)").forEach((menu) => menu.removeAttribute("style")));
