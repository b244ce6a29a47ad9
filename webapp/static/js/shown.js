/** Entry forms with conditions: `form[data-depends="stage amount"][data-shown="/address"]`.
 *
 * When one of these fields changes, the server is asked which fields are hidden now; they are hidden or shown where they
 * stand, so that nothing typed and no focus is lost. `m__fields` names what is sent: only what is shown.
 * On the phone a `data-short` form shows its quick fields until `[data-all-fields]` is pressed.
 */
import { on, onContent, say } from "./dom.js";
import { csrf } from "./requests.js";

const waits = new WeakMap();
const asking = new WeakMap();

async function ask(form) {
  asking.get(form)?.abort();
  const control = new AbortController();
  asking.set(form, control);
  try {
    const headers = { "X-CSRF-Token": csrf(), "HX-Request": "true" };
    const answer = await fetch(form.dataset.shown, { method: "POST", body: new FormData(form), headers, signal: control.signal });
    if (answer.ok && form.isConnected) show(form, (await answer.json()).hidden);
  } catch (error) {
    if (error.name !== "AbortError") doubt(form); // no connection
  }
}

/** Without the server nobody knows which conditional fields are needed: all are shown, marked; the empty ones are not sent. */
export function doubt(form) {
  for (const field of form.querySelectorAll("[data-field][data-sometimes][hidden]")) {
    field.hidden = false;
    field.classList.add("maybe", "quick");
    field.querySelector(".form-label, .m-check")?.setAttribute("data-maybe", say("maybe"));
    field.closest("[data-part]")?.removeAttribute("hidden");
  }
}

/** Keys of the fields that are sent: those shown, but of doubtful ones only what somebody filled in. */
export function standing(form) {
  const isFilled = (field) => [...field.querySelectorAll("[name]")].some((one) => (one.matches("[type=radio], [type=checkbox]") ? one.checked && one.value : one.value));
  return [...form.querySelectorAll("[data-field]")].filter((field) => !field.hidden && (!field.matches(".maybe") || isFilled(field))).map((field) => field.dataset.field).join(",");
}

function show(form, hidden) {
  const fields = [...form.querySelectorAll("[data-field]")];
  for (const field of fields) {
    field.hidden = hidden.includes(field.dataset.field);
    field.classList.remove("maybe");
  }
  for (const part of form.querySelectorAll("[data-part]")) part.hidden = !part.querySelector("[data-field]:not([hidden])");
  const sent = form.elements.m__fields;
  if (sent) sent.value = fields.filter((field) => !field.hidden).map((field) => field.dataset.field).join(",");
  for (const field of fields) if (!field.hidden && form.wasHidden?.has(field.dataset.field)) field.classList.add("quick");
  form.wasHidden = new Set(hidden);
}

function later(form, wait) {
  clearTimeout(waits.get(form));
  waits.set(form, setTimeout(() => ask(form), wait));
}

const decides = (form, input) => form.dataset.depends.split(" ").includes(input.name);
on("change", "form[data-depends]", (event, form) => { if (decides(form, event.target)) later(form, 0); });
on("input", "form[data-depends]", (event, form) => { if (decides(form, event.target) && event.target.matches("input:not([type=radio], [type=checkbox]), textarea")) later(form, 350); });
document.addEventListener("draft-restored", (event) => { if (event.target.dataset?.depends) ask(event.target); });

onContent((root) => root.querySelectorAll("form[data-depends]").forEach((form) => {
  form.wasHidden ??= new Set([...form.querySelectorAll("[data-field][hidden]")].map((field) => field.dataset.field));
}));

on("click", "[data-all-fields]", (event, button) => {
  document.querySelector("form[data-short]")?.classList.add("all");
  button.remove();
});
