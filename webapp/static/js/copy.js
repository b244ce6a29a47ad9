/** `[data-copy="/address"]` puts the whole address on the clipboard and says so (`data-said`). */
import { on } from "./dom.js";
import { toast } from "./toast.js";

/** The clipboard itself needs a safe connection; within the house a page may be plain http. */
function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => byHand(text));
  return Promise.resolve(byHand(text));
}

function byHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "m-sr";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

on("click", "[data-copy]", async (event, button) => {
  button.closest("[popover]")?.hidePopover();
  const text = new URL(button.dataset.copy, location.href).href;
  const done = await copied(text);
  toast({ text: done ? button.dataset.said : text });
});
