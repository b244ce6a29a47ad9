/** The path of stages of a record: M opens its menu. After a change (`HX-Trigger: m:changed` with the record's `url`)
 * the record is shown anew where it stands, and so is the list behind its panel.
 */
import { isComposing } from "./composing.js";
import { isTyping, onContent } from "./dom.js";
import { renew } from "./grid_live.js";
import { fetchList, refresh } from "./panel.js";

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isComposing(event) || isTyping(event.target) || event.target.closest?.("[data-card]")) return;
  if (document.querySelector("dialog[open], .m-menu:popover-open")) return;
  const button = [...document.querySelectorAll("[data-path] [popovertarget=stage-menu]")].find((one) => one.offsetParent);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Where the path is longer than the screen, the present stage is in sight.
onContent((root) => root.querySelectorAll(".m-path").forEach((path) => {
  const now = path.querySelector(".now");
  if (now && path.scrollWidth > path.clientWidth) path.scrollLeft = now.offsetLeft - path.offsetLeft - (path.clientWidth - now.offsetWidth) / 2;
}));
document.addEventListener("m:listed", fetchList);
document.addEventListener("m:changed", async (event) => {
  const { url, focus } = event.detail;
  const hadFocus = document.activeElement?.closest?.("[data-path]") || document.activeElement === document.body;
  const isInPanel = await refresh(url);
  if (!isInPanel && location.pathname === url) await window.htmx.ajax("GET", url, { target: "#main", swap: "innerMorph" });
  if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
  else if (hadFocus) document.querySelector("[data-path] button")?.focus({ preventScroll: true });
  if (!(await renew(url))) await fetchList();
});
