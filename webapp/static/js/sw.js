/** The service worker: the shell and static files by the hash of their content, and a page for when there is no connection.
 *
 * Never a page with data: pages go to the network first and are not kept, `/api/` and `/f/` are not looked at. The server
 * puts `self.mortise = {release, pages, files}` before this. A new release waits until a page says "take over".
 */
import { deliver, kept, who } from "./outbox.js";

const { release, pages, files } = self.mortise;
const SHELL = `mortise-${release}`;
const SLOW = 6000;
const AWAY = [502, 503, 504];

self.addEventListener("install", (event) => event.waitUntil(fill()));

async function fill() {
  const cache = await caches.open(SHELL);
  const needed = new Set(files);
  for (const address of pages) {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    const text = await answer.clone().text();
    for (const [, path] of text.matchAll(/(?:href|src|data-sortable|data-icons)="(\/static\/[^"#]+)/g)) needed.add(path);
    await cache.put(address, answer);
  }
  await cache.addAll([...needed]);
}

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("mortise-") && name !== SHELL) await caches.delete(name);
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
})()));

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== location.origin) return;
  if (address.pathname.startsWith("/static/") && request.method === "GET") event.respondWith(file(request));
  else if (request.mode !== "navigate") return;
  else if (request.method === "POST" && address.pathname === "/share") event.respondWith(shared(request));
  else if (request.method === "GET" && !/^\/(api|f|offline)\//.test(address.pathname)) event.respondWith(page(event, address));
});

async function file(request) {
  const cache = await caches.open(SHELL);
  return (await cache.match(request, { ignoreVary: true })) || fetch(request);
}

/** From the network; without one, or where a new entry is asked for over a very slow one, the page that needs none. */
async function page(event, address) {
  const asked = Promise.resolve(event.preloadResponse).then((found) => found || fetch(event.request));
  const isEntry = address.pathname.endsWith("/new") && (await kept.all("forms").catch(() => [])).length;
  try {
    const answer = await (isEntry ? Promise.race([asked, late()]) : asked);
    return AWAY.includes(answer.status) ? await offline() || answer : answer;
  } catch (error) {
    const found = await offline();
    if (found) return found;
    throw error;
  }
}

function late() {
  return new Promise((done, fail) => { setTimeout(() => fail(new Error("slow")), SLOW); });
}

async function offline() {
  const locale = (await who().catch(() => null))?.locale || (navigator.language.startsWith("zh") ? "zh" : "en");
  const cache = await caches.open(SHELL);
  return (await cache.match(pages.find((one) => one.endsWith(locale)))) || cache.match(pages[0]);
}

/** What another app shares goes to the server; without a connection it is kept for the next entry form. */
async function shared(request) {
  const again = request.clone();
  try {
    return await fetch(request);
  } catch {
    const form = await again.formData();
    const texts = ["title", "text", "url"].map((name) => form.get(name)).filter(Boolean);
    for (const one of form.getAll("file")) if (one.text) texts.push(await one.text());
    await kept.put("kept", { key: "shared", text: texts.join("\n").slice(0, 20000), at: Date.now() });
    return Response.redirect("/offline", 303);
  }
}

self.addEventListener("sync", (event) => {
  if (event.tag === "mortise-outbox") event.waitUntil(deliver().then((left) => { if (left === "offline") throw new Error(left); }));
});
