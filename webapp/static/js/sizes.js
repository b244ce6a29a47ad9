/** Sizes that only the server knows, without style attributes: data-width and data-height (px), data-share (0 to 1, as --share). */
import { onContent } from "./dom.js";

onContent((root) => {
  root.querySelectorAll("[data-width]").forEach((one) => { one.style.width = `${Number(one.dataset.width)}px`; });
  root.querySelectorAll("[data-height]").forEach((one) => { one.style.height = `${Number(one.dataset.height)}px`; });
  root.querySelectorAll("[data-share]").forEach((one) => { one.style.setProperty("--share", Number(one.dataset.share)); });
});
