/** `data-copy="#id"` copies what stands there (a field's value, else its text) and says `data-copied` on the button. */
import { announce, on } from "./dom.js";

on("click", "[data-copy]", async (event, button) => {
  const from = document.querySelector(button.dataset.copy);
  if (!from) return;
  const text = from.value ?? from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no https: the old way, and where that is refused the text is at least selected
    if (from.select) from.select();
    else getSelection().selectAllChildren(from);
    document.execCommand?.("copy");
  }
  const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!label) return;
  const was = label.textContent;
  label.textContent = button.dataset.copied || was;
  announce(button.dataset.copied || was);
  setTimeout(() => { label.textContent = was; }, 2000);
});
