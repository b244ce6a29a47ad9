/** A lapsed session: the sign-in sheet comes over the page, then the refused request is made again.
 *
 * The server answers 401 to an htmx request, with the sheet (a form that posts to `data-sign-in`) as its body or at the
 * address in the header `X-Sign-In`. The sheet's answer: 204 with `X-CSRF-Token`, or the sheet again with its errors.
 */
const dialog = document.getElementById("sign-in-again");
const waiting = [];

/** Refused by a 401: show the sheet and remember what to do after it. */
export function signInAgain(html, repeat) {
  waiting.push(repeat);
  if (dialog.open) return;
  fill(html);
  dialog.showModal();
}

function fill(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const form = page.querySelector("form[data-sign-in]") || page.querySelector("form");
  dialog.replaceChildren(...(form?.closest("[data-sheet]") || form ? [form.closest("[data-sheet]") || form] : []));
  dialog.querySelector("[autofocus], input:not([type=hidden])")?.focus();
}

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (!dialog || ctx.response.status !== 401 || ctx.sourceElement.closest?.("[data-sign-in]")) return;
  event.preventDefault();
  ctx.repeated = new Promise((done) => { refused(ctx, done); });
});

async function refused(ctx, done) {
  const address = ctx.response.headers.get("X-Sign-In");
  const html = address ? await (await fetch(address, { headers: { "HX-Request": "true" } })).text() : await ctx.response.raw.text();
  if (!html.includes("<form")) {
    location.reload();
    return;
  }
  signInAgain(html, () => {
    const { method, action } = ctx.request;
    const again = { source: ctx.sourceElement, target: ctx.target, swap: ctx.swap, select: ctx.select, push: ctx.push,
      replace: ctx.replace, event: ctx.sourceEvent, values: ctx.values, headers: ctx.ownHeaders };
    done(window.htmx.ajax(method, action, Object.fromEntries(Object.entries(again).filter(([, value]) => value != null))));
  });
}

dialog?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form, button)), headers: { "HX-Request": "true", "X-Sheet": "1" },
    });
    const isSignedIn = answer.status === 204 || (answer.ok && answer.headers.has("X-CSRF-Token"));
    if (isSignedIn) signedIn(answer.headers.get("X-CSRF-Token"));
    else fill(await answer.text());
  } finally {
    button?.removeAttribute("aria-busy");
  }
});

function signedIn(token) {
  if (token) {
    document.querySelector('meta[name="csrf-token"]').content = token;
    document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = token; });
  }
  dialog.close();
  dialog.replaceChildren();
  waiting.splice(0).forEach((repeat) => repeat());
}

// Closing it leaves the page as it is; what was typed stays, and the next save asks again.
dialog?.addEventListener("cancel", () => { waiting.length = 0; });
