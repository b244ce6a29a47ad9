/** Dialogs and sheets: `data-dialog="#id"` opens, `data-close` closes, a finger pulls a sheet down.
 *
 * What htmx swaps into `#dialog` opens it; an empty answer or the event `close-dialog` (HX-Trigger) closes it, and so
 * does a form in it that was accepted.
 */
import { isPhone, on } from "./dom.js";

on("click", "[data-dialog]", (event, button) => {
  button.closest("[popover]")?.hidePopover();
  openDialog(document.querySelector(button.dataset.dialog));
});

on("click", "[data-close]", (event, button) => {
  const dialog = button.closest("dialog");
  if (!dialog) return;
  event.preventDefault();
  dialog.close();
});

// A press beside the dialog closes it.
on("click", "dialog", (event, dialog) => {
  if (event.target === dialog && !dialog.hasAttribute("data-firm") && dialog.id !== "sign-in-again") dialog.close();
});

export function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const field = dialog.querySelector("[autofocus]");
  field?.focus();
  field?.select?.();
}

document.addEventListener("htmx:after:swap", () => {
  const dialog = document.getElementById("dialog");
  if (!dialog) return;
  if (dialog.childElementCount && !dialog.open && !dialog.isClosing) openDialog(dialog);
  else if (!dialog.childElementCount && dialog.open) dialog.close();
});
// What was asked for in the dialog and is done needs no dialog any more.
document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  const dialog = document.getElementById("dialog");
  if (ctx.request.method !== "GET" && ctx.response?.status < 400 && dialog?.contains(ctx.sourceElement)) shut(dialog);
});
document.addEventListener("close-dialog", () => shut(document.getElementById("dialog")));
document.getElementById("dialog")?.addEventListener("close", ({ target }) => {
  target.isClosing = false;
  target.replaceChildren();
});

/** Closed now, emptied a moment later: what is swapped elsewhere meanwhile must not open it again. */
function shut(dialog) {
  if (!dialog?.open) return;
  dialog.isClosing = true;
  dialog.close();
}

let pull = null;

document.addEventListener("touchstart", (event) => {
  const sheet = event.target.closest?.(".m-menu[popover], .m-sheet[popover]");
  if (!sheet || !isPhone() || sheet.scrollTop > 0) return;
  pull = { sheet, from: event.touches[0].clientY, by: 0 };
}, { passive: true });

document.addEventListener("touchmove", (event) => {
  if (!pull) return;
  pull.by = Math.max(0, event.touches[0].clientY - pull.from);
  pull.sheet.style.translate = `0 ${pull.by}px`;
}, { passive: true });

document.addEventListener("touchend", () => {
  if (!pull) return;
  if (pull.by > 80) pull.sheet.hidePopover();
  pull.sheet.style.removeProperty("translate");
  pull = null;
});
