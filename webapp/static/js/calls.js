/** After a call (`a[href^="tel:"]` of a record) one comes back to the page and is asked to log it: the line at the bottom
 * (`[data-say]`) opens, set to a call where it has that choice. */
import { on, say } from "./dom.js";
import { toast } from "./toast.js";

const SHORTEST = 4000;
let called = null;

on("click", "a[href^='tel:']", (event, link) => {
  const name = link.closest("#panel, main")?.querySelector("h1")?.textContent.trim();
  if (name && document.querySelector("form[data-say-form]")) called = { at: Date.now(), name, path: location.pathname };
});

function log() {
  const button = document.querySelector("[data-say]");
  button?.click();
  const form = button && document.getElementById(button.dataset.say);
  const choice = form?.querySelector("input[name=kind][value=call]");
  if (choice) choice.checked = true;
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || !called) return;
  const { at, name, path } = called;
  called = null;
  if (Date.now() - at < SHORTEST || location.pathname !== path) return;
  toast({ text: say("called", { name }), more: { text: say("called_log"), run: log } });
});
