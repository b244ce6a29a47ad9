/** Columns of a board fold into a strip (`[data-fold-column]`), for this person and for good: the board's data-fold-url
 * is told, and answers with the cards of a column that is opened. A phone shows one column at a time and folds none.
 */
import { isPhone, on } from "./dom.js";

on("click", "[data-fold-column]", async (event, button) => {
  if (isPhone()) return;
  const column = button.closest("[data-column]");
  const list = column.querySelector("[data-cards]");
  const isFolded = column.classList.toggle("folded");
  button.setAttribute("aria-expanded", String(!isFolded));
  list.toggleAttribute("data-folded", isFolded);
  const values = { column: column.dataset.column, folded: isFolded ? "1" : "" };
  const { foldUrl } = column.closest("[data-board]").dataset;
  await window.htmx.ajax("POST", foldUrl, { source: list, target: list, swap: "innerHTML", values });
});

// A lane folds too, on the phone as well.
on("click", "[data-fold-lane]", (event, button) => {
  const lane = button.closest("[data-lane-row]");
  const isFolded = lane.classList.toggle("folded");
  button.setAttribute("aria-expanded", String(!isFolded));
  const values = { lane: lane.dataset.laneRow, folded: isFolded ? "1" : "" };
  window.htmx.ajax("POST", lane.closest("[data-board]").dataset.foldUrl, { source: lane, swap: "none", values });
});
