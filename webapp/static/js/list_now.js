/** What stands beside the list and asks about it (`[data-of-list="do=new"]`, its own additions to the query) asks about the
 * list as it is now (`#list[data-address]`): the page's own address may be older, because filters and sorts change the list
 * alone.
 */
import { on } from "./dom.js";

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
