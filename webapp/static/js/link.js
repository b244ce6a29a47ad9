/** `[data-copy-link]`: puts the address of what is seen into the clipboard. The list knows its own (`#list[data-address]`), a record's menu names it. */
import { on, say } from "./dom.js";
import { toast } from "./toast.js";

/** Put a text into the clipboard; a page without a secure connection has to go by way of a field. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

on("click", "[data-copy-link]", async (event, button) => {
  button.closest("[popover]")?.hidePopover();
  const list = document.getElementById("list")?.dataset.address;
  await copyText(new URL(button.dataset.copyLink || list || location.pathname + location.search, location.href).href);
  toast({ text: say("link_copied") });
});
