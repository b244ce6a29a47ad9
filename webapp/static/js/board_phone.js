/** A board on the phone: one column a screen; `[data-pager]` holds a button[data-to="value"] for each column. */
import { columnsOf } from "./board.js";
import { isPhone, on, onContent } from "./dom.js";

/** Cells of the columns out of sight take no room, or a short lane would be as high as its longest column. */
function here(board, value) {
  board.dataset.at = value;
  for (const cell of columnsOf(board)) cell.classList.toggle("here", cell.dataset.column === value);
}

onContent((root) => root.querySelectorAll("[data-board][data-at]").forEach((board) => here(board, board.dataset.at)));
on("click", "[data-pager] [data-to]", (event, tab) => {
  const column = document.querySelector(`[data-board] [data-column="${CSS.escape(tab.dataset.to)}"]`);
  if (column) column.closest("[data-board]").scrollTo({ left: column.offsetLeft, behavior: "smooth" });
});

function follow(board) {
  const pager = document.querySelector("[data-pager]");
  if (!pager || board.followed) return;
  board.followed = true;
  const tell = () => {
    if (!isPhone()) return;
    const at = Math.round(board.scrollLeft / Math.max(1, board.clientWidth));
    const value = columnsOf(board)[at]?.dataset.column;
    if (board.hasAttribute("data-lanes")) here(board, value);
    for (const tab of pager.querySelectorAll("[data-to]")) {
      const isOn = tab.dataset.to === value;
      tab.classList.toggle("on", isOn);
      tab.setAttribute("aria-selected", String(isOn));
      if (isOn && !tab.isShown) tab.parentElement.scrollTo({ left: tab.offsetLeft - 24, behavior: "smooth" });
      tab.isShown = isOn;
    }
  };
  board.addEventListener("scroll", tell, { passive: true });
  tell();
}

onContent((root) => root.querySelectorAll("[data-board]").forEach(follow));
