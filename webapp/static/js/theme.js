/** Light, dark or as the device: changes at once, then tells the server without leaving the page. */
import { on, store } from "./dom.js";
import { csrf } from "./requests.js";

on("submit", "[data-theme-form]", (event, form) => {
  const chosen = event.submitter?.value;
  if (!chosen) return;
  event.preventDefault();
  show(chosen);
  form.querySelectorAll("[name=theme]").forEach((one) => {
    one.setAttribute("aria-checked", String(one.value === chosen));
    one.removeAttribute("aria-busy");
  });
  const body = new URLSearchParams(new FormData(form, event.submitter));
  fetch(form.action, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" } });
});

function show(chosen) {
  const root = document.documentElement;
  const isDark = chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = chosen;
  store.set("theme", chosen);
  root.dataset.bsTheme = isDark ? "dark" : "light";
}

const chosen = document.documentElement.dataset;
if (chosen.member && store.get("theme") !== chosen.theme) store.set("theme", chosen.theme);
