/** While an input method composes, nothing fires: `input` is held back and given once when the text is there. */

export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

document.addEventListener("input", (event) => {
  if (event.isComposing) event.stopImmediatePropagation();
}, true);

document.addEventListener("compositionend", (event) => {
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
}, true);

// Enter that confirms a candidate is not Enter.
for (const type of ["keydown", "keyup", "keypress"]) {
  document.addEventListener(type, (event) => {
    if (isComposing(event)) event.stopImmediatePropagation();
  }, true);
}
