/** Amounts being typed (`[data-amount]`): a line below (`[data-amount-hint]`) says large ones as people do, 128.6 万 or 1.29M. */
import { on, onContent } from "./dom.js";

const UNITS = { zh: [[1e8, " 亿"], [1e4, " 万"]], en: [[1e9, "B"], [1e6, "M"], [1e3, "K"]] };
const TYPED = { 万: 1e4, 亿: 1e8, k: 1e3, m: 1e6 };

/** What is typed as a number, or NaN while it is none. The server reads it exactly; this is only a hint. */
function read(text) {
  const given = text.normalize("NFKC").replace(/[,\s¥]/g, "").toLowerCase();
  const unit = TYPED[given.slice(-1)];
  const figures = unit ? given.slice(0, -1) : given;
  return figures && /^-?[0-9.]+$/.test(figures) ? Number(figures) * (unit || 1) : NaN;
}

function said(value) {
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const size = Math.abs(value);
  if (!(size >= 1e4)) return "";
  const [least, name] = UNITS[language].find(([one]) => size >= one);
  const part = (value / least).toLocaleString("en", { maximumFractionDigits: language === "zh" ? 1 : 2 });
  return `${value.toLocaleString("en")}  =  ${part}${name}`;
}

function tell(input) {
  const place = input.closest("[data-field]")?.querySelector("[data-amount-hint]");
  if (place) place.textContent = said(read(input.value));
}

on("input", "[data-amount]", (event, input) => tell(input));
onContent((root) => root.querySelectorAll("[data-amount]").forEach(tell));
