/** `textarea[data-autosize]` grows with its text where the browser's `field-sizing` does not do it. */
import { on, onContent } from "./dom.js";

if (!CSS.supports("field-sizing", "content")) {
  const fit = (area) => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  on("input", "textarea[data-autosize]", (event, area) => fit(area));
  onContent((root) => root.querySelectorAll("textarea[data-autosize]").forEach(fit));
}
