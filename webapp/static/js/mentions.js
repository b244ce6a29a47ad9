/** An @ in `textarea[data-mentions=address]` offers whom one may mention: arrows, Enter or Tab take, Esc leaves.
 *
 * The address is asked with `m__find` and answers buttons with `data-name`.
 */
import { isComposing } from "./composing.js";
import { on } from "./dom.js";
import { fetchPart } from "./parts.js";

const list = document.createElement("div");
list.className = "m-pop m-menu m-people";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "@");
list.hidden = true;
let field = null;
let timer = 0;
let asked = 0;

/** What stands behind the last @ before the caret, or null. */
function typed() {
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|[^\w@.])@([^\s@]{0,30})$/u.exec(before);
  return found ? found[1] : null;
}

function hide() {
  clearTimeout(timer);
  asked += 1;
  list.hidden = true;
  list.replaceChildren();
}

async function offer() {
  const text = typed();
  if (text === null) return hide();
  const mine = asked += 1;
  const answer = await fetchPart(`${field.dataset.mentions}?m__find=${encodeURIComponent(text)}`).catch(() => null);
  if (!answer?.ok || mine !== asked) return undefined;
  list.replaceChildren(...[...answer.page.body.childNodes].map((one) => document.adoptNode(one)));
  if (list.parentNode !== field.parentNode) field.after(list);
  list.hidden = false;
  mark(0);
  return undefined;
}

function options() {
  return [...list.querySelectorAll("[data-name]")];
}

function mark(n) {
  const all = options();
  all.forEach((one, i) => one.setAttribute("aria-selected", i === (n + all.length) % all.length ? "true" : "false"));
}

function take(option) {
  const text = typed();
  if (text === null) return hide();
  const at = field.selectionStart;
  field.setRangeText(`${option.dataset.name} `, at - text.length, at, "end");
  hide();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return undefined;
}

on("input", "textarea[data-mentions]", (event, element) => {
  field = element;
  clearTimeout(timer);
  if (event.isComposing || typed() === null) return hide();
  timer = setTimeout(offer, 150);
  return undefined;
});
on("keydown", "textarea[data-mentions]", (event) => {
  if (list.hidden || isComposing(event)) return;
  const all = options();
  const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") hide();
  else if (event.key === "ArrowDown") mark(at + 1);
  else if (event.key === "ArrowUp") mark(at - 1);
  else if ((event.key === "Enter" || event.key === "Tab") && all[at]) take(all[at]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[data-name]");
  if (option) take(option);
});
on("focusout", "textarea[data-mentions]", () => setTimeout(() => list.contains(document.activeElement) || hide(), 150));
