/** The installed app: registers the service worker, takes a new release over when asked, keeps the quick forms for when
 * there is no connection, and offers to install where the browser can (`[data-install]`). */
import { on, onContent } from "./dom.js";
import { kept } from "./outbox.js";

const script = document.querySelector("script[data-worker]");
const member = document.documentElement.dataset.member;
const FRESH = 6 * 3600000;
let offered = null;

async function register() {
  const there = await navigator.serviceWorker.register(script.dataset.worker, { scope: "/", updateViaCache: "none" });
  const look = () => { if (there.waiting && navigator.serviceWorker.controller) offer(there); };
  look();
  there.addEventListener("updatefound", () => there.installing?.addEventListener("statechange", look));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") there.update().catch(() => {}); });
  if (!navigator.serviceWorker.controller) await navigator.serviceWorker.ready;
  await keepForms();
}

function offer(there) {
  const banner = document.getElementById("release");
  if (!banner) return;
  banner.hidden = false;
  banner.querySelector("button").onclick = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    there.waiting?.postMessage("take over");
  };
}

/** The member's quick forms, empty: labels and options, no record. Renewed with a release, a language, or after hours. */
async function keepForms() {
  const made = `${member} ${document.documentElement.lang} ${script.src}`;
  const last = await kept.get("kept", "forms");
  if (!navigator.onLine || last?.made === made && Date.now() - last.at < FRESH) return;
  const answer = await fetch("/offline/forms", { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  for (const one of await kept.all("forms")) if (one.member === member) await kept.drop("forms", one.key);
  for (const one of await answer.json()) await kept.put("forms", { ...one, key: `${member} ${one.name}`, member });
  await kept.put("kept", { key: "forms", made, at: Date.now() });
}

if (script && member && "serviceWorker" in navigator) {
  const later = window.requestIdleCallback || setTimeout;
  addEventListener("load", () => later(() => register().catch(() => { /* refused, or no connection: next time */ })));
}

const isInstalled = matchMedia("(display-mode: standalone)").matches || navigator.standalone;
const isApple = /iPhone|iPad/.test(navigator.userAgent) || navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1;

/** Which of the hints fits this device: installed, a button, by hand, or what is missing. */
function show() {
  const way = isInstalled ? "installed" : !isSecureContext ? "insecure" : offered ? "button" : isApple ? "apple" : "menu";
  for (const one of document.querySelectorAll("[data-install]")) one.hidden = one.dataset.install !== way;
}

onContent(show);
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offered = event;
  show();
});
addEventListener("appinstalled", () => { offered = null; show(); });
on("click", "[data-install] button", async () => {
  await offered?.prompt();
  offered = null;
  show();
});
