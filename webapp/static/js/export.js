/** A list is exported as it stands on the page: its filter, sort and columns are in the address of the list. */
import { toast } from "./toast.js";
import { say } from "./dom.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("form[data-export]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  await new Promise((done) => { setTimeout(done); }); // others may still add to the form: the records that are picked
  const shown = document.querySelector("#list[data-address]")?.dataset.address;
  const address = new URL(form.action);
  if (shown) address.search = new URL(shown, location.href).search;
  try {
    const answer = await fetch(address, { method: "POST", body: new FormData(form, button), headers: { Accept: "application/json" } });
    if (answer.redirected) { location.assign(answer.url); return; }
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail || say("failed"));
    save(await answer.blob(), nameIn(answer.headers.get("Content-Disposition") || ""));
    form.closest("[popover]")?.hidePopover?.();
  } catch (error) {
    toast({ text: error instanceof TypeError ? say("offline") : error.message, kind: "bad" });
  } finally {
    button?.removeAttribute("aria-busy");
  }
}, true);

function nameIn(disposition) {
  const found = /filename\*=UTF-8''([^;]+)/.exec(disposition);
  return found ? decodeURIComponent(found[1]) : "export";
}

function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
