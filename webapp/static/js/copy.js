/** A press puts something on the clipboard and says so.
 *
 * [data-copy="text"]       the text; `data-copied` says it in words of its own
 * [data-copy-link="/…"]    the address of what is seen: the one named, else the list's own (`#list[data-address]`), else the page's
 */
import { on, say } from "./dom.js";
import { toast } from "./toast.js";

on("click", "[data-copy]", (event, button) => {
  event.preventDefault();
  event.stopPropagation();
  copy(button.dataset.copy, button.dataset.copied || say("copied", { text: button.dataset.copy }));
});

on("click", "[data-copy-link]", (event, button) => {
  button.closest("[popover]")?.hidePopover();
  const list = document.getElementById("list")?.dataset.address;
  copy(new URL(button.dataset.copyLink || list || location.pathname + location.search, location.href).href, say("link_copied"));
});

async function copy(text, done) {
  toast((await isWritten(text)) ? { text: done } : { text: say("copy_failed"), kind: "bad" });
}

/** The clipboard of the browser needs a secure page; on plain http the old way still works. */
async function isWritten(text) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch { /* not allowed: try the old way */ }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}
