/** The side bar: folded to icons, and which apps are open, remembered on the device. */
import { on, store } from "./dom.js";

on("click", "[data-rail]", () => {
  const isNarrow = document.documentElement.classList.toggle("m-narrow");
  store.set("rail", isNarrow ? "narrow" : "wide");
});

document.querySelectorAll("details[data-fold]").forEach((group) => {
  const key = `fold:${group.dataset.fold}`;
  const kept = store.get(key);
  if (kept && !group.querySelector(".on")) group.open = kept === "open";
  group.addEventListener("toggle", () => store.set(key, group.open ? "open" : "shut"));
});
