/** Quick entry with a thumb (`form[data-short]`, and the one that needs no connection).
 *
 * The keyboard's “next” goes from field to field and saves at the last. In `[data-picks]` the choices this member took
 * last stand first, the rest behind “more” (`data-more`); counted on this device only.
 */
import { isComposing } from "./composing.js";
import { isPhone, on, onContent, store } from "./dom.js";

const SHOWN = 4;

const fieldsOf = (form) => [...form.querySelectorAll("[data-field] input:not([type=hidden], [type=radio], [type=checkbox]), [data-field] textarea, [data-field] select")].filter((one) => one.checkVisibility() && !one.disabled);

on("keydown", "form[data-short] input[enterkeyhint=next], form[data-away] input[enterkeyhint=next]", (event, input) => {
  if (event.key !== "Enter" || isComposing(event) || !isPhone() || event.defaultPrevented) return;
  event.preventDefault();
  const fields = fieldsOf(input.form);
  const next = fields[fields.indexOf(input) + 1];
  if (next) next.focus();
  else input.blur();
});

// From the home screen: the keyboard stands ready.
const first = isPhone() && document.querySelector("form[data-short] input[name=quick]")?.form;
if (first && !first.querySelector(".is-invalid")) fieldsOf(first).find((one) => !one.value)?.focus();

function keyOf(box) {
  const member = document.documentElement.dataset.member || "0";
  return `picks:${member}:${box.closest("form").dataset.draft}:${box.dataset.picks}`;
}

function taken(box) {
  try { return JSON.parse(store.get(keyOf(box))) || []; } catch { return []; }
}

function order(box) {
  if (box.isOrdered) return;
  box.isOrdered = true;
  const labels = [...box.querySelectorAll("label")];
  const last = taken(box);
  const place = (label) => { const at = last.indexOf(label.querySelector("input").value); return at < 0 ? last.length : at; };
  const sorted = [...labels].sort((a, b) => place(a) - place(b));
  const more = box.querySelector("[data-more]");
  if (sorted.some((one, n) => one !== labels[n])) more ? more.before(...sorted) : box.append(...sorted);
  if (!more) return;
  sorted.forEach((label, n) => { label.classList.toggle("later", n >= SHOWN && !label.querySelector(":checked")); });
  more.hidden = !sorted.some((label) => label.classList.contains("later"));
}

onContent((root) => root.querySelectorAll("[data-picks]").forEach(order));

on("click", "[data-picks] [data-more]", (event, button) => {
  const box = button.closest("[data-picks]");
  const first = box.querySelector("label.later input");
  box.querySelectorAll(".later").forEach((one) => one.classList.remove("later"));
  button.hidden = true;
  first?.focus();
});

on("change", "[data-picks] input", (event, input) => {
  const box = input.closest("[data-picks]");
  if (!input.checked || !input.value) return;
  store.set(keyOf(box), JSON.stringify([input.value, ...taken(box).filter((one) => one !== input.value)].slice(0, 12)));
});
