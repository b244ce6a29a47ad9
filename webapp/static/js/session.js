/** A lapsed session: the sign-in sheet comes over the page, then the refused request is made again.
 *
 * The server answers an htmx request 401 with the sheet, a form for htmx. Once it has signed in, the sheet's answer says
 * `HX-Trigger: {"m:signed-in": {"member", "csrf"}}`; its refusals come as the sheet again.
 */
import { fetchPart } from "./parts.js";

const dialog = document.getElementById("sign-in-again");
const waiting = [];

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (!dialog || ctx.response.status !== 401) return;
  event.preventDefault();
  ctx.repeated = new Promise((done) => { ask(ctx, done); });
});

async function ask(ctx, done) {
  const form = new DOMParser().parseFromString(await ctx.response.raw.text(), "text/html").querySelector("form");
  if (!form) {
    location.reload();
    return;
  }
  waiting.push(() => done(repeat(ctx)));
  if (dialog.open) return;
  const box = document.createElement("div");
  box.className = "in";
  box.append(document.adoptNode(form));
  dialog.replaceChildren(box);
  window.htmx.process(dialog);
  dialog.showModal();
  dialog.querySelector("[autofocus], input:not([type=hidden])")?.focus();
}

// Each refusal may have given the browser another cookie for its visit: the sheet's token has to be of the newest.
dialog?.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.isCurrent) return;
  event.preventDefault();
  event.stopPropagation();
  const { submitter } = event;
  const answer = await fetchPart("/login").catch(() => null);
  const newest = answer?.page.querySelector("input[name=csrf_token]");
  const token = form.querySelector("input[name=csrf_token]");
  if (newest && token) token.value = newest.value;
  if (!form.isConnected) return;
  form.isCurrent = true;
  form.requestSubmit(submitter);
  form.isCurrent = false;
}, true);

/** The same request once more, with what its form holds now. */
function repeat(ctx) {
  const { method, action } = ctx.request;
  const { sourceElement: source, sourceEvent: event, target, swap, select, push, replace, values } = ctx;
  const again = { source, event, target, swap, select, push, replace, values };
  return window.htmx.ajax(method, action, Object.fromEntries(Object.entries(again).filter(([, value]) => value != null)));
}

document.addEventListener("m:signed-in", (event) => {
  const { member, csrf } = event.detail;
  document.querySelector('meta[name="csrf-token"]').content = csrf;
  document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = csrf; });
  dialog.close();
  dialog.replaceChildren();
  const was = document.documentElement.dataset.member;
  if (was && String(member) !== was) location.reload();
  else waiting.splice(0).forEach((one) => one());
});

// Closing it leaves the page as it is; what was typed stays, and the next save asks again.
dialog?.addEventListener("cancel", () => { waiting.length = 0; });
