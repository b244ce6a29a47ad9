/** Both have changed a field: `[data-theirs]` (JSON: `values`, `title`) beside its input offers mine or theirs.
 *
 * `[data-take=mine|theirs]` puts it into the input; typing on is a third way.
 */
import { on } from "./dom.js";

const mine = new WeakMap();

function inputs(box) {
  return [...box.closest("[data-field]").querySelectorAll("input:not([name=m__find]), select, textarea")].filter((one) => one.name);
}

function read(box) {
  return { values: inputs(box).flatMap((one) => (one.matches("[type=checkbox], [type=radio]") ? (one.checked ? [one.value] : []) : one.multiple ? [...one.selectedOptions].map((o) => o.value) : [one.value])), title: box.closest("[data-field]").querySelector("[name=m__find]")?.value || "" };
}

function write(box, { values, title }) {
  for (const one of inputs(box)) {
    if (one.matches("[type=checkbox], [type=radio]")) one.checked = values.includes(one.value);
    else if (one.multiple) [...one.options].forEach((option) => { option.selected = values.includes(option.value); });
    else one.value = values[0] ?? "";
  }
  const find = box.closest("[data-field]").querySelector("[name=m__find]");
  if (find) find.value = title;
  inputs(box)[0]?.dispatchEvent(new Event("change", { bubbles: true }));
}

on("click", "[data-take]", (event, button) => {
  const box = button.closest("[data-theirs]");
  if (!mine.has(box)) mine.set(box, read(box));
  else if (button.dataset.take === "theirs" && box.taken !== "theirs") mine.set(box, read(box));
  box.taken = button.dataset.take;
  write(box, box.taken === "theirs" ? JSON.parse(box.dataset.theirs) : mine.get(box));
  box.querySelectorAll("[data-take]").forEach((one) => {
    one.classList.toggle("on", one === button);
    one.setAttribute("aria-pressed", one === button ? "true" : "false");
  });
});
