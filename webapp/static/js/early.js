/** Before the first paint: the theme of the device where the member chose none, and the folded side bar. */

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { if (root.dataset.theme === "system") root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
follow();
dark.addEventListener("change", follow);
try {
  if (localStorage.getItem("rail") === "narrow") root.classList.add("m-narrow");
} catch { /* storage may be refused */ }
