/** Before the first paint: the theme of the device where the member chose none, and the folded side bar. */

const root = document.documentElement;
try { // before sign-in, and on the page that needs no connection: the look of who was here last
  if (!root.dataset.member && root.dataset.theme === "system") root.dataset.theme = localStorage.getItem("theme") || "system";
  if (root.dataset.theme === "dark" || root.dataset.theme === "light") root.dataset.bsTheme = root.dataset.theme;
} catch { /* storage may be refused */ }
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { if (root.dataset.theme === "system") root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
follow();
dark.addEventListener("change", follow);
try {
  if (localStorage.getItem("rail") === "narrow") root.classList.add("m-narrow");
} catch { /* storage may be refused */ }
