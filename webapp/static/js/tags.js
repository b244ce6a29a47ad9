/** Tags (`[data-tags]`): one text with commas (`[data-tags-value]`), shown as tags with a place to type the next.
 *
 * data-proposals  address that proposes tags for what is typed (entries as a picker's)
 * data-tones   {tag: colour} of the known ones; the others have one by their name, as the server draws them
 * Enter, a comma or leaving takes what is typed; Backspace in the empty place takes the last one away. The text is what
 * is sent and what drafts keep.
 */
import { isComposing } from "./composing.js";
import { announce, icon, on, onContent, say } from "./dom.js";

const TONES = ["blue", "teal", "purple", "amber", "cyan", "indigo", "green", "pink", "lime", "orange"];
const MARKS = /[,，、;；\n|]/;
let count = 0;

const valueOf = (box) => box.querySelector("[data-tags-value]");
const fieldOf = (box) => box.querySelector("[role=combobox]");
const listOf = (box) => box.querySelector("[role=listbox]");
const split = (text) => text.split(MARKS).map((one) => one.trim()).filter(Boolean);

function tone(box, tag) {
  const known = JSON.parse(box.dataset.tones || "{}")[tag];
  return known || TONES[[...tag].reduce((sum, c, i) => sum + c.codePointAt(0) * (i + 1), 0) % TONES.length];
}

function write(box, tags) {
  const seen = new Set();
  const kept = tags.filter((tag) => !seen.has(tag.toLowerCase()) && seen.add(tag.toLowerCase()));
  const value = valueOf(box);
  value.value = kept.join("、");
  draw(box);
  value.dispatchEvent(new Event("input", { bubbles: true }));
}

function chip(box, tag) {
  const shown = document.createElement("span");
  shown.className = `m-tag ${tone(box, tag)}`;
  shown.textContent = tag;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.dataset.tag = tag;
  remove.setAttribute("aria-label", say("tag_remove", { text: tag }));
  remove.append(icon("x", "s"));
  shown.append(remove);
  return shown;
}

function draw(box) {
  box.querySelectorAll(".m-tag").forEach((one) => one.remove());
  fieldOf(box).before(...split(valueOf(box).value).map((tag) => chip(box, tag)));
}

function begin(box) {
  if (fieldOf(box)) return;
  const value = valueOf(box);
  const id = `tags-${count += 1}`;
  const field = document.createElement("input");
  for (const [name, text] of Object.entries({
    type: "text", role: "combobox", class: "m-tagtype", autocomplete: "off", id: `${id}-type`, "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": id, "aria-label": box.dataset.label, placeholder: box.dataset.hint,
    maxlength: "40", "data-draft-skip": "", enterkeyhint: "done", name: "m__tag",
  })) field.setAttribute(name, text);
  const list = document.createElement("div");
  list.id = id;
  list.className = "m-pop m-picks";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.label);
  list.hidden = true;
  value.type = "hidden";
  value.hidden = true;
  const label = document.querySelector(`label[for="${CSS.escape(value.id)}"]`);
  if (label) label.htmlFor = field.id;
  box.append(field, list);
  box.classList.add("on");
  draw(box);
}

function open(box, isOpen) {
  listOf(box).hidden = !isOpen;
  fieldOf(box).setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) fieldOf(box).removeAttribute("aria-activedescendant");
}

async function propose(box) {
  const field = fieldOf(box);
  const list = listOf(box);
  await window.htmx.ajax("GET", `${box.dataset.proposals}?m__find=${encodeURIComponent(field.value.trim())}`, { source: box, target: list, swap: "innerHTML" });
  if (document.activeElement !== field) return;
  const has = new Set(split(valueOf(box).value));
  list.querySelectorAll("[role=option]").forEach((one) => { if (has.has(one.dataset.title)) one.remove(); });
  const some = options(box).length > 0;
  if (!some) list.replaceChildren();
  open(box, some);
}

const options = (box) => [...listOf(box).querySelectorAll("[role=option]")];

function mark(box, option) {
  options(box).forEach((one) => one.setAttribute("aria-selected", String(one === option)));
  if (!option) return fieldOf(box).removeAttribute("aria-activedescendant");
  fieldOf(box).setAttribute("aria-activedescendant", option.id);
  return option.scrollIntoView({ block: "nearest" });
}

/** Take `text` (may hold several) as tags; the place to type is empty again. */
function take(box, text) {
  const tags = split(text);
  fieldOf(box).value = "";
  open(box, false);
  if (!tags.length) return;
  write(box, [...split(valueOf(box).value), ...tags]);
  announce(say("tag_added", { text: tags.join("、") }));
}

function drop(box, tag) {
  write(box, split(valueOf(box).value).filter((one) => one !== tag));
  announce(say("tag_removed", { text: tag }));
  fieldOf(box).focus();
}

onContent((root) => root.querySelectorAll("[data-tags]").forEach(begin));
on("draft-restored", "form", (event, form) => form.querySelectorAll("[data-tags]").forEach(draw));

const timers = new WeakMap();
on("input", "[data-tags] [role=combobox]", (event, field) => {
  const box = field.closest("[data-tags]");
  if (MARKS.test(field.value)) return take(box, field.value);
  clearTimeout(timers.get(box));
  return timers.set(box, setTimeout(() => propose(box), 200));
});
on("focusin", "[data-tags] [role=combobox]", (event, field) => propose(field.closest("[data-tags]")));
on("focusout", "[data-tags] [role=combobox]", (event, field) => take(field.closest("[data-tags]"), field.value));

on("keydown", "[data-tags] [role=combobox]", (event, field) => {
  if (isComposing(event)) return;
  const box = field.closest("[data-tags]");
  const all = options(box);
  const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!all.length || listOf(box).hidden) return;
    event.preventDefault();
    mark(box, all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter" && (field.value.trim() || (at >= 0 && !listOf(box).hidden))) {
    event.preventDefault();
    take(box, at >= 0 && !listOf(box).hidden ? all[at].dataset.title : field.value);
  } else if (event.key === "Escape" && !listOf(box).hidden) {
    event.preventDefault();
    event.stopPropagation();
    open(box, false);
  } else if (event.key === "Backspace" && !field.value) {
    const last = split(valueOf(box).value).pop();
    if (last) drop(box, last);
  }
});

on("pointerdown", "[data-tags] [role=option]", (event, option) => {
  event.preventDefault();
  take(option.closest("[data-tags]"), option.dataset.title);
});
on("click", "[data-tags] [data-tag]", (event, button) => drop(button.closest("[data-tags]"), button.dataset.tag));
on("click", "[data-tags]", (event, box) => { if (event.target === box) fieldOf(box).focus(); });
