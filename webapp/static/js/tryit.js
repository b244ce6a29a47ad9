/** Trying the API from its pages: `form[data-try][data-method][data-path]`, as the person who is signed in.
 *
 * inputs with data-in = path, query, header; a textarea data-in=body; [data-try-said] status and time, [data-try-out] the
 * answer, [data-try-next] the page after it. Forms with data-writes wait for `[data-allow-writes]`. `[data-tool]` chooses the tool of all examples.
 */
import { on, onContent, say, store } from "./dom.js";
import { csrf } from "./requests.js";

const TOLD = ["RateLimit-Remaining", "ETag", "Location", "Retry-After", "Idempotency-Replayed"];

function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-in]")) {
    const value = input.value.trim();
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(value));
    if (input.dataset.in === "query" && value) query.set(input.name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

function request(form) {
  const headers = { Accept: "application/json" };
  for (const input of form.querySelectorAll("[data-in=header]")) if (input.value.trim()) headers[input.name] = input.value.trim();
  const body = form.querySelector("[data-in=body]")?.value;
  if (form.dataset.method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, headers, body };
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function send(form) {
  const said = form.querySelector("[data-try-said]");
  const out = form.querySelector("[data-try-out]");
  const button = form.querySelector("[type=submit]");
  const missing = [...form.querySelectorAll("[data-in=path]")].find((input) => !input.value.trim());
  if (missing) {
    missing.focus();
    return;
  }
  button.setAttribute("aria-busy", "true");
  const began = performance.now();
  try {
    const answer = await fetch(address(form), request(form));
    const text = await answer.text();
    said.textContent = `${answer.status} · ${Math.round(performance.now() - began)} ms`;
    const heads = TOLD.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    out.textContent = [heads.join("\n"), pretty(text)].filter(Boolean).join("\n\n");
    out.classList.toggle("bad", !answer.ok);
    out.hidden = false;
    const onward = form.querySelector("[data-try-next]");
    if (onward) {
      onward.dataset.after = (answer.ok && JSON.parse(text).next) || "";
      onward.hidden = !onward.dataset.after;
    }
  } catch {
    said.textContent = say("offline");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

on("submit", "form[data-try]", (event, form) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  send(form);
}, true);

on("click", "[data-try-next]", (event, button) => {
  button.form.querySelector("[name=after]").value = button.dataset.after;
  send(button.form);
});

on("change", "[data-allow-writes]", (event, input) => {
  for (const button of document.querySelectorAll("form[data-writes] [type=submit]")) button.disabled = !input.checked;
});

function choose(tool) {
  for (const one of document.querySelectorAll("[data-tool]")) one.setAttribute("aria-selected", String(one.dataset.tool === tool));
  for (const one of document.querySelectorAll("[data-tool-text]")) one.hidden = one.dataset.toolText !== tool;
}

on("click", "[data-tool]", (event, button) => {
  store.set("m-tool", button.dataset.tool);
  choose(button.dataset.tool);
});
on("keydown", "[data-tool]", (event, button) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...button.parentElement.querySelectorAll("[data-tool]")];
  const next = tabs[(tabs.indexOf(button) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
});
onContent((root) => {
  const kept = store.get("m-tool");
  if (kept && root.querySelector(`[data-tool="${CSS.escape(kept)}"]`)) choose(kept);
});
