/** The line at the bottom of a record: `form[data-say-form]` opens when somebody types in it, Ctrl Enter sends it.
 *
 * `HX-Trigger: m:said` (`form`, `client`) empties it and gives it the id of the next one; `[data-say=id]` goes there;
 * `[data-in-days]` sets the day to come back. A form with `data-open-now` is opened at once.
 */
import { isComposing } from "./composing.js";
import { on, onContent } from "./dom.js";

function open(form) {
  form.classList.add("open");
}

on("focusin", "form[data-say-form]", (event, form) => open(form));
on("input", "form[data-say-form]", (event, form) => open(form));

on("click", "[data-say]", (event, button) => {
  button.closest("[popover]")?.hidePopover();
  const forms = [...document.querySelectorAll("form[data-say-form]")].filter((one) => one.id === button.dataset.say);
  const form = forms.find((one) => one.offsetParent) || forms[0];
  if (!form) return;
  open(form);
  form.scrollIntoView({ block: "center" });
  form.querySelector("textarea").focus({ preventScroll: true });
});

on("keydown", "form[data-say-form]", (event, form) => {
  if (isComposing(event) || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.btn-primary[type=submit]"));
  }
  if (event.key === "Escape" && !form.elements.text.value) {
    event.stopPropagation();
    form.classList.remove("open");
    document.activeElement.blur();
  }
});

on("click", "[data-in-days]", (event, chip) => {
  const input = chip.closest("form").querySelector("[data-next]");
  const day = new Date(Date.now() + Number(chip.dataset.inDays) * 864e5);
  const two = (n) => String(n).padStart(2, "0");
  const date = `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  input.value = input.type === "date" ? date : `${date}T10:00`;
  input.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("m:said", (event) => {
  const form = document.getElementById(event.detail.form);
  if (!form) return;
  form.reset();
  form.elements.m__client.value = event.detail.client;
  form.querySelector("textarea").dispatchEvent(new Event("input", { bubbles: true }));
  form.classList.remove("open");
});

// What was being written is there again (drafts come before us).
onContent((root) => root.querySelectorAll("form[data-say-form]").forEach((form) => form.elements.text.value && open(form)));
onContent((root) => root.querySelectorAll("form[data-open-now]").forEach((form) => {
  form.removeAttribute("data-open-now");
  open(form);
  form.querySelector("textarea").focus();
}));
