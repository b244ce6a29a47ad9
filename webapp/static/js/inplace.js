/** One thing changed where it stands: a field in the facts, a comment. Esc or Cancel puts back what stood there.
 *
 * `button.m-edit` (in a `[data-fact]`) fetches the form into its place; `form[data-inplace]` is that form, its answer
 * `m:changed` shows the record anew. A double press on `.m-fact` opens it too.
 */
import { isComposing } from "./composing.js";
import { on } from "./dom.js";

/** Place → what stood there before the form came. */
const before = new WeakMap();

document.addEventListener("htmx:before:swap", (event) => {
  const target = event.detail.ctx?.target;
  if (target?.matches?.("[data-fact], .m-quote") && !target.querySelector("form[data-inplace]")) before.set(target, [...target.childNodes].map((one) => one.cloneNode(true)));
});

// A record that was asked for anew just before somebody began to edit would take the form away from under his hands.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx?.request?.method === "GET" && ctx.swap === "innerMorph" && ctx.target?.querySelector?.("form[data-inplace][data-editing]")) event.preventDefault();
});
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement.matches?.("form[data-inplace]") && ctx.response?.status < 400) ctx.sourceElement.removeAttribute("data-editing");
});

document.addEventListener("htmx:after:swap", (event) => {
  const form = event.detail.ctx?.target?.querySelector?.("form[data-inplace]");
  const field = form?.querySelector("input:not([type=hidden]), select, textarea");
  if (!field || form.contains(document.activeElement)) return;
  field.focus({ preventScroll: false });
  if (field.matches("input:not([type=checkbox], [type=radio])")) field.select?.();
});

function leave(form) {
  const place = form.closest("[data-fact], .m-quote");
  const nodes = place && before.get(place);
  if (!nodes) {
    location.assign(form.dataset.back);
    return;
  }
  form.dispatchEvent(new CustomEvent("draft-leave", { bubbles: true }));
  place.replaceChildren(...nodes);
  window.htmx.process(place);
  place.querySelector("button.m-edit, a, button")?.focus({ preventScroll: true });
}

on("click", "[data-inplace-leave]", (event, button) => leave(button.closest("form")));
on("keydown", "form[data-inplace]", (event, form) => {
  if (isComposing(event)) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    leave(form);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
}, true);
on("dblclick", ".m-fact", (event, place) => {
  if (event.target.closest("a, button, form")) return;
  getSelection()?.removeAllRanges();
  place.querySelector("button.m-edit")?.click();
});
