/** `select[data-follow="#id"]`: what stands there shows once another choice than the first one is taken. */
import { on } from "./dom.js";

on("change", "select[data-follow]", (event, select) => {
  const place = document.querySelector(select.dataset.follow);
  const first = [...select.options].find((one) => one.defaultSelected) || select.options[0];
  if (place) place.hidden = select.selectedOptions[0] === first;
});
