/** A table of buttons (`table[data-matrix]`): arrows walk among them, Home and End to the ends of a row. Enter and Space
 * press as ever; after a press the answer finds the focus again by the button's id.
 */
import { on } from "./dom.js";

on("keydown", "table[data-matrix] td button", (event, button) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const cell = button.closest("td");
  const row = cell.parentElement;
  const rows = [...row.closest("table").querySelectorAll("tbody tr")];
  const inRow = [...row.querySelectorAll("td button")];
  const at = inRow.indexOf(button);
  const column = (by) => {
    for (let n = rows.indexOf(row) + by; rows[n]; n += by) {
      const found = rows[n].cells[cell.cellIndex]?.querySelector("button");
      if (found) return found;
    }
    return null;
  };
  const go = {
    ArrowLeft: () => inRow[at - 1], ArrowRight: () => inRow[at + 1], ArrowUp: () => column(-1), ArrowDown: () => column(1),
    Home: () => inRow[0], End: () => inRow[inRow.length - 1],
  }[event.key];
  if (!go) return;
  event.preventDefault();
  const to = go();
  to?.focus();
  to?.scrollIntoView({ block: "nearest", inline: "nearest" });
});

let pressed = "";
document.addEventListener("htmx:before:swap", () => {
  const { activeElement } = document;
  pressed = activeElement?.matches?.("table[data-matrix] button") ? activeElement.id : "";
});
document.addEventListener("htmx:after:swap", () => {
  const place = pressed && document.activeElement === document.body && document.getElementById(pressed);
  if (place) place.focus({ preventScroll: true });
  pressed = "";
});
