/** Columns of a grid (`table[data-grid]`): widths by a grip or the column's menu, and the columns that stay in sight.
 *
 * [data-grip] in a heading is dragged; [data-widen=px][data-key] in a menu widens by so much. The width is remembered
 * for this person by a POST to the table's data-widths. Frozen columns get their place as --l0, --l1, --l2.
 */
import { on, onContent } from "./dom.js";

const LEAST = 48;
const MOST = 800;
const waits = new WeakMap();

function place(grid) {
  const heads = grid.tHead?.rows[0]?.cells;
  if (!heads) return;
  let left = heads[0].offsetWidth;
  for (const head of [...heads].filter((one) => one.classList.contains("fz"))) {
    const n = [...heads].indexOf(head) - 1;
    grid.style.setProperty(`--l${n}`, `${left}px`);
    left += head.offsetWidth;
  }
}

const watched = typeof ResizeObserver === "undefined" ? null : new ResizeObserver((seen) => seen.forEach(({ target }) => place(target)));

onContent((root) => root.querySelectorAll("table[data-grid]").forEach((grid) => {
  place(grid);
  watched?.observe(grid);
}));

/** From now on every column has the width it has now, so that the others stay where they are. */
function hold(grid) {
  if (grid.classList.contains("m-sized")) return;
  const heads = [...grid.tHead.rows[0].cells];
  const widths = heads.map((head) => head.offsetWidth);
  heads.forEach((head, n) => { head.style.width = `${widths[n]}px`; });
  grid.classList.add("m-sized");
  if (!grid.querySelector("th.c-fill")) {
    const fill = document.createElement("th");
    fill.className = "c-fill";
    grid.tHead.rows[0].append(fill);
  }
}

function size(head, width) {
  head.style.width = `${Math.round(Math.min(Math.max(width, LEAST), MOST))}px`;
  place(head.closest("table"));
}

function remember(grid, head) {
  clearTimeout(waits.get(grid));
  const keep = { ...(grid.widths || {}), [head.dataset.key]: head.offsetWidth };
  grid.widths = keep;
  waits.set(grid, setTimeout(() => {
    grid.widths = null;
    const widths = Object.entries(keep).map(([key, px]) => `${key}.${px}`).join(",");
    window.htmx.ajax("POST", grid.dataset.widths, { source: grid, swap: "none", values: { widths } });
  }, 500));
}

on("pointerdown", "[data-grip]", (event, grip) => {
  if (event.button) return;
  event.preventDefault();
  event.stopPropagation();
  const head = grip.closest("th");
  const grid = head.closest("table");
  hold(grid);
  const from = event.clientX;
  const width = head.offsetWidth;
  grip.setPointerCapture(event.pointerId);
  const move = (moved) => size(head, width + moved.clientX - from);
  const end = () => {
    grip.removeEventListener("pointermove", move);
    remember(grid, head);
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", end, { once: true });
  grip.addEventListener("pointercancel", end, { once: true });
});
on("click", "[data-grip]", (event) => { event.preventDefault(); event.stopPropagation(); });

on("click", "[data-widen]", (event, button) => {
  const head = document.querySelector(`table[data-grid] th[data-key="${CSS.escape(button.dataset.key)}"]`);
  if (!head) return;
  hold(head.closest("table"));
  size(head, head.offsetWidth + Number(button.dataset.widen));
  remember(head.closest("table"), head);
});
