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

/** What stands beside the list and asks about it (`[data-of-list="do=new"]`) asks about the list as it is now: the page's
 * own address may be older, because filters and sorts change the list alone. */
function asNow(action, own) {
  const list = document.getElementById("list")?.dataset.address;
  if (!list) return action;
  const url = new URL(action, location.href);
  const search = new URL(list, location.href).searchParams;
  for (const [name, value] of new URLSearchParams(own)) search.set(name, value);
  return `${url.pathname}?${search}`;
}

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const element = ctx.sourceElement?.closest?.("[data-of-list]");
  if (element) ctx.request.action = asNow(ctx.request.action, element.dataset.ofList);
});
on("submit", "form[data-of-list]", (event, form) => { form.action = asNow(form.getAttribute("action"), form.dataset.ofList); }, true);
