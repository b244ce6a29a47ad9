/** Keys for the whole page: Ctrl/⌘ K or / searches, C creates, ? shows them. Keys of a view live with it. */
import { isTyping } from "./dom.js";
import { isComposing } from "./composing.js";
import { openDialog } from "./sheet.js";

const isMac = /Mac|iP(hone|ad|od)/.test(navigator.platform);
if (isMac) document.querySelectorAll("[data-keys^='mod+']").forEach((one) => { one.textContent = `⌘ ${one.dataset.keys.slice(4)}`; });

document.addEventListener("keydown", (event) => {
  if (isComposing(event) || event.altKey || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    openDialog(search);
    return;
  }
  if (event.ctrlKey || event.metaKey || isTyping(event.target) || document.querySelector("dialog[open], .m-menu:popover-open")) return;
  if (event.key === "/") press(event, () => openDialog(document.getElementById("search")));
  if (event.key === "?") press(event, () => openDialog(document.getElementById("keys")));
  if (event.key.toLowerCase() === "c") press(event, create);
});

function press(event, does) {
  event.preventDefault();
  does();
}

/** The page's own "new" if it has one, else the frame's. */
function create() {
  const button = document.querySelector("main [data-create]") || document.querySelector("[data-create]");
  if (button?.dataset.url) location.assign(button.dataset.url);
  else button?.click();
}

// Arrows walk from the search field into what was found.
document.getElementById("search")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !isComposing(event) && event.target.matches("input")) {
    event.preventDefault();
    event.currentTarget.querySelector(".results a")?.click();
    return;
  }
  if (isComposing(event) || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const dialog = event.currentTarget;
  const stops = [dialog.querySelector("input"), ...dialog.querySelectorAll(".results a, .results button")];
  const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
