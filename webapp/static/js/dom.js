/** What the behaviours share: texts in the member's language, small queries, and what to do with new parts of a page. */

const texts = JSON.parse(document.getElementById("texts")?.textContent || "{}");
const readers = [];

/** A text of `#texts` with its {places} filled. */
export function say(key, places = {}) {
  return (texts[key] || key).replace(/\{(\w+)\}/g, (whole, name) => places[name] ?? whole);
}

/** Run `fn(root)` on the page now and whenever htmx put something into it. It must not mind to be called again. */
export function onContent(fn) {
  readers.push(fn);
  fn(document);
}

/** A script has put something into the page. */
export function contentChanged() {
  readers.forEach((fn) => fn(document));
}

document.addEventListener("htmx:after:swap", contentChanged);

/** A delegated listener: `fn(event, element)` with the closest element that matches. */
export function on(type, selector, fn, options) {
  document.addEventListener(type, (event) => {
    const found = event.target?.closest?.(selector);
    if (found) fn(event, found);
  }, options);
}

export function isPhone() {
  return matchMedia("(max-width: 767.98px)").matches;
}

/** Where a person types: keys belong to him. */
export function isTyping(target) {
  return Boolean(target?.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable=true]"));
}

/** Said to those who listen instead of look. */
export function announce(text) {
  const place = document.getElementById("announce");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}

/** An icon of the sprite; `icon("x")` names it for the build. */
export function icon(name, size = "") {
  const sprite = document.querySelector("script[data-icons]")?.dataset.icons || "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `m-i ${size}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** Storage that may be refused or full. */
export const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); return true; } catch { return false; } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* refused */ } },
  keys() { try { return Object.keys(localStorage); } catch { return []; } },
};
