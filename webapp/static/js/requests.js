/** Every htmx request: CSRF, the thin bar, busy buttons, and a sentence when it fails. */
import { onContent, say } from "./dom.js";
import { toast } from "./toast.js";

const bar = document.getElementById("topline");
let open = 0;
let wait = 0;

/** The token of the session as it is now; session.js replaces it after signing in again. */
export function csrf() {
  return document.querySelector('meta[name="csrf-token"]')?.content || "";
}

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = csrf();
});

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  open += 1;
  clearTimeout(wait);
  wait = setTimeout(() => { if (bar && open) bar.className = "m-topline on"; }, 120);
  ctx.busy = ctx.request.submitter || (ctx.sourceElement.matches?.("button") ? ctx.sourceElement : null);
  ctx.busy?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  ctx.busy?.removeAttribute("aria-busy");
  open = Math.max(0, open - 1);
  if (open) return;
  clearTimeout(wait);
  if (bar?.classList.contains("on")) {
    bar.className = "m-topline done";
    setTimeout(() => { if (!open) bar.className = "m-topline"; }, 320);
  }
});

// Plain forms: pressing again does nothing while the page is on its way.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) return;
  if (event.target.method === "dialog") return;
  const button = event.submitter;
  if (button?.getAttribute("aria-busy") === "true") event.preventDefault();
  else button?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("[aria-busy=true]").forEach((one) => one.removeAttribute("aria-busy")));
onContent((root) => root.querySelectorAll("input[data-here]").forEach((input) => { input.value = location.pathname + location.search; }));

const SENTENCES = { 403: "forbidden", 404: "missing", 410: "missing", 413: "large", 429: "slow" };

/** What the server said went wrong: its event `m:error`, the detail of a problem document, `[data-message]`, or our sentence for the status. */
export function reason(ctx) {
  const { message, problems = [], number } = said(ctx);
  const text = problems.map((one) => one.message).join(" ") || message || say(SENTENCES[ctx.response?.status] || "failed");
  return number ? `${text} (${number})` : text;
}

function said(ctx) {
  try {
    const told = ctx.hx?.trigger?.startsWith("{") && JSON.parse(ctx.hx.trigger)["m:error"];
    if (told) return told;
    if (ctx.response?.headers.get("Content-Type")?.includes("json")) {
      const { detail, title, errors } = JSON.parse(ctx.text);
      return { message: detail || title, problems: errors };
    }
  } catch { /* not what it says it is */ }
  const place = new DOMParser().parseFromString(ctx.text || "", "text/html").querySelector("[data-message]");
  return { message: place?.textContent.trim() };
}

/** POST through htmx (out-of-band parts, toasts, sign-in sheet); gives its context. What goes wrong is
 * for the caller to say. */
export async function post(card, url, values) {
  let ctx = {};
  const watch = (event) => { ctx = event.detail.ctx; };
  const early = (event) => { event.detail.ctx.quiet = true; ctx = event.detail.ctx; };
  card.addEventListener("htmx:before:request", early);
  card.addEventListener("htmx:after:request", watch);
  const work = { source: card, swap: "none", values };
  await window.htmx.ajax("POST", url, work);
  if (ctx.repeated) await (await ctx.repeated);
  card.removeEventListener("htmx:before:request", early);
  card.removeEventListener("htmx:after:request", watch);
  return ctx;
}

/** What is not swapped in must be said; a part that is swapped in says it itself. */
document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  if (ctx.quiet || ctx.hx?.trigger?.includes('"toast"')) return;
  const isShown = (ctx.hx?.reswap || ctx.swap) !== "none" && ![502, 504].includes(ctx.response.status);
  if (!isShown) toast({ text: reason(ctx), kind: "bad" });
});

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (!ctx || ctx.quiet || error?.name === "AbortError") return;
  if (error instanceof TypeError && ctx.response === undefined) toast({ text: say("offline"), kind: "bad" });
});
