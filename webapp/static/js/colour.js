/** A colour: swatches and the device's own choice write into the field beside them, which then shows how it looks. */
import { on } from "./dom.js";

function choose(group, colour) {
  const field = group.querySelector("[data-accent]");
  field.value = colour;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

on("click", "[data-swatch]", (event, button) => choose(button.parentElement, button.dataset.swatch));
on("input", "[data-pick]", (event, input) => choose(input.parentElement, input.value));
on("input", "[data-accent]", (event, field) => {
  const group = field.parentElement;
  const colour = field.value.trim().toLowerCase();
  group.querySelectorAll("[data-swatch]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.swatch === colour)));
  if (/^#[0-9a-f]{6}$/.test(colour)) group.querySelector("[data-pick]").value = colour;
});
