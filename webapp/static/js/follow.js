/** `select[data-follow="#id"]`: what stands there shows once another choice than the first one is taken. */
import { on } from "./dom.js";

on("change", "select[data-follow]", (event, select) => {
  const place = document.querySelector(select.dataset.follow);
  const first = [...select.options].find((one) => one.defaultSelected) || select.options[0];
  if (place) place.hidden = select.selectedOptions[0] === first;
});

// A choice that needs more shows its field, and the choice alone sends nothing yet.
on("change", "select[data-unfold]", (event, select) => {
  const isMore = select.value === select.dataset.unfold;
  const place = select.parentElement.querySelector(".m-wherein");
  if (place) place.hidden = !isMore;
  if (!isMore) return;
  event.stopImmediatePropagation();
  place?.querySelector("input")?.focus();
}, true);
