/** Pickers (`[data-picker]`): a search field, a list that htmx fills, and the chosen id in a hidden input.
 *
 * [data-picker-value]        the hidden input that is sent
 * [role=listbox]             filled with [role=option][data-value][data-title]; arrows walk, Enter takes, Esc closes;
 *                            an option with [data-within] shows what that address answers instead (a province's cities)
 * What was typed and not taken is put back on leaving; emptying the field empties the value.
 */
import { isComposing } from "./composing.js";
import { isPhone, on } from "./dom.js";

const partsOf = (picker) => ({
  value: picker.querySelector("[data-picker-value]"),
  field: picker.querySelector("[role=combobox]"),
  list: picker.querySelector("[role=listbox]"),
});
const optionsOf = (list) => [...list.querySelectorAll("[role=option]")];

function open(picker, isOpen) {
  const { field, list } = partsOf(picker);
  list.hidden = !isOpen;
  if (isOpen && isPhone()) picker.scrollIntoView({ block: "start" });
  field.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) field.removeAttribute("aria-activedescendant");
}

function mark(picker, option) {
  const { field, list } = partsOf(picker);
  for (const one of optionsOf(list)) one.setAttribute("aria-selected", String(one === option));
  if (!option) return;
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function take(picker, option) {
  const { value, field, list } = partsOf(picker);
  if (option.dataset.within) {
    window.htmx.ajax("GET", option.dataset.within, { source: field, target: list, swap: "innerHTML" });
    return;
  }
  value.value = option.dataset.value;
  field.value = option.dataset.title;
  field.dataset.taken = field.value;
  open(picker, false);
  value.dispatchEvent(new Event("change", { bubbles: true }));
}

function marked(picker) {
  return partsOf(picker).list.querySelector("[aria-selected=true]");
}

document.addEventListener("htmx:after:swap", (event) => {
  const list = event.detail.ctx.target;
  const picker = list?.matches?.("[role=listbox]") && list.closest("[data-picker]");
  if (!picker || document.activeElement !== partsOf(picker).field) return;
  open(picker, true);
  mark(picker, optionsOf(list).find((option) => option.dataset.value) || optionsOf(list)[0]);
});

on("focusin", "[data-picker] [role=combobox]", (event, field) => { field.dataset.taken ??= field.value; });

on("input", "[data-picker] [role=combobox]", (event, field) => {
  const { value } = partsOf(field.closest("[data-picker]"));
  if (field.value.trim() || !value.value) return;
  value.value = "";
  field.dataset.taken = "";
});

on("keydown", "[data-picker] [role=combobox]", (event, field) => {
  if (isComposing(event)) return;
  const picker = field.closest("[data-picker]");
  const { list } = partsOf(picker);
  const all = optionsOf(list);
  const at = all.indexOf(marked(picker));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    open(picker, all.length > 0);
    mark(picker, all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter" && !list.hidden) {
    event.preventDefault();
    if (at >= 0) take(picker, all[at]);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    event.stopPropagation();
    open(picker, false);
  }
});

// A press takes the option before the field loses the focus.
on("pointerdown", "[data-picker] [role=option]", (event, option) => {
  event.preventDefault();
  take(option.closest("[data-picker]"), option);
});

on("focusout", "[data-picker] [role=combobox]", (event, field) => {
  const picker = field.closest("[data-picker]");
  open(picker, false);
  if (field.value.trim()) field.value = field.dataset.taken ?? field.value;
});
