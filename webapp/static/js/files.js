/** Files of an entry form (`[data-files]`): chosen, taken, dropped or pasted, uploaded at once, ordered, removed.
 *
 * data-url, data-most, data-mb, data-pictures, data-says   where they go, how many, how large, pictures alone, texts
 * [data-files-value]   what is sent: [{id, name, type, size, width}, …]; `local` in place of `id` waits on the device
 * A form is sent when its uploads are done. Where the network is gone, a form of the outbox (`data-queue`) takes its
 * files along (`outbox.js` uploads them before the record), any other one offers to try again.
 */
import { announce, icon, on, onContent } from "./dom.js";
import { keptFile, keepFile, dropFile, who } from "./outbox.js";
import { isHeic, ready } from "./pictures.js";
import { csrf } from "./requests.js";

/** Whose the page is; of one without a connection, who used the device last. */
const owner = async () => document.documentElement.dataset.member || (await who())?.member;
/** Item of a row → what the device still holds of it: {file, url, request, state}. */
const held = new Map();
const boxOf = (element) => element.closest("[data-files]");
const valueOf = (box) => box.querySelector("[data-files-value]");
const listOf = (box) => box.querySelector("[data-files-list]");

function says(box, key, places = {}) {
  return JSON.parse(box.dataset.says)[key].replace(/\{(\w+)\}/g, (whole, name) => places[name] ?? whole);
}

function read(box) {
  try { return JSON.parse(valueOf(box).value || "[]"); } catch { return []; }
}

function write(box, items) {
  const value = valueOf(box);
  value.value = items.length ? JSON.stringify(items) : "";
  value.dispatchEvent(new Event("change", { bubbles: true }));
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [n, unit] = bytes < 1e6 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${unit}`;
}

// Rows ----------------------------------------------------------------------------------------------------------------

const keyOf = (item) => String(item.id ?? item.local);
const rowOf = (box, item) => [...listOf(box).children].find((one) => one.dataset.item === keyOf(item));

function picture(item) {
  const mine = held.get(keyOf(item));
  const isPicture = item.width || (mine?.file && mine.file.type.startsWith("image/") && !isHeic(mine.file));
  const place = document.createElement("span");
  place.className = "m-thumb";
  if (!isPicture) {
    place.append(icon("file"));
    return place;
  }
  if (mine?.file) mine.url ??= URL.createObjectURL(mine.file);
  const image = document.createElement("img");
  image.alt = "";
  image.src = mine?.url || `/files/${item.id}/small`;
  place.append(image);
  return place;
}

function button(box, name, label, attribute) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn m-ghost ico";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.setAttribute(attribute, "");
  made.append(name === "x" ? icon("x") : icon("grip-vertical"));
  return made;
}

function row(box, item) {
  const made = document.createElement("li");
  made.dataset.item = keyOf(item);
  made.dataset.arranged = "";
  const grab = button(box, "grip-vertical", says(box, "move", { name: item.name }), "data-files-move");
  grab.classList.add("m-grab");
  const said = document.createElement("span");
  said.className = "m-grow m-cut";
  said.append(Object.assign(document.createElement("span"), { className: "m-cut d-block", textContent: item.name }));
  const state = Object.assign(document.createElement("small"), { className: "m-dim" });
  state.dataset.filesState = "";
  said.append(state);
  made.append(grab, picture(item), said, button(box, "x", says(box, "remove", { name: item.name }), "data-files-remove"));
  tell(box, item, made);
  return made;
}

function tell(box, item, made = rowOf(box, item)) {
  if (!made) return;
  const mine = held.get(keyOf(item));
  const place = made.querySelector("[data-files-state]");
  made.classList.toggle("bad", mine?.state === "lost");
  if (mine?.state === "sending") {
    const bar = place.querySelector("progress") || Object.assign(document.createElement("progress"), { max: 100 });
    const text = mine.share < 100 ? says(box, "sending", { n: mine.share }) : says(box, "looking");
    if (mine.share < 100) bar.value = mine.share;
    else bar.removeAttribute("value");
    bar.setAttribute("aria-label", item.name);
    place.replaceChildren(bar, text);
  } else if (mine?.state === "waits") {
    place.replaceChildren(says(box, "waits"));
  } else if (mine?.state === "lost") {
    const again = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: says(box, "again") });
    again.dataset.filesAgain = "";
    place.replaceChildren(`${says(box, "lost")} `, again);
  } else {
    place.replaceChildren(size(item.size));
  }
}

function draw(box) {
  const items = read(box);
  const list = listOf(box);
  const wanted = items.map(keyOf);
  [...list.children].filter((one) => !wanted.includes(one.dataset.item)).forEach((one) => one.remove());
  items.forEach((item, at) => {
    const there = rowOf(box, item) || row(box, item);
    if (list.children[at] !== there) list.insertBefore(there, list.children[at] || null);
  });
  box.classList.toggle("full", items.length >= Number(box.dataset.most));
  box.classList.toggle("one", items.length < 2);
}

function problem(box, text = "") {
  const place = box.querySelector("[data-files-problem]");
  place.hidden = !text;
  place.textContent = text;
}

// Coming --------------------------------------------------------------------------------------------------------------

async function take(box, files) {
  problem(box);
  for (const given of files) {
    if (read(box).length >= Number(box.dataset.most)) {
      problem(box, says(box, "many", { n: box.dataset.most }));
      return;
    }
    const file = box.dataset.pictures === undefined ? given : await ready(given);
    if (!file) problem(box, says(box, "heic", { name: given.name }));
    else if (file.size > Number(box.dataset.mb) * 1048576) problem(box, says(box, "large", { name: given.name, most: box.dataset.mb }));
    else begin(box, file);
  }
}

function begin(box, file) {
  const local = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
  const item = { local, name: file.name || "photo.jpg", type: file.type, size: file.size };
  held.set(local, { file, state: "sending", share: 0 });
  write(box, [...read(box), item]);
  draw(box);
  send(box, item);
}

function change(box, key, item) {
  write(box, read(box).flatMap((one) => (keyOf(one) === key ? (item ? [item] : []) : [one])));
  draw(box);
}

function send(box, item) {
  const mine = held.get(item.local);
  const data = new FormData();
  data.append("file", mine.file, item.name);
  const request = mine.request = new XMLHttpRequest();
  mine.state = "sending";
  mine.share = 0;
  mine.done = new Promise((done) => {
    const end = (state) => {
      mine.state = state;
      tell(box, item);
      done(state);
    };
    request.open("POST", box.dataset.url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) mine.share = Math.round((event.loaded / event.total) * 100);
      tell(box, item);
    });
    request.addEventListener("load", () => {
      if (request.status === 201) {
        held.set(String(request.response.id), { url: mine.url, file: mine.file });
        arrived(box, item, request.response);
        announce(says(box, "added", { name: item.name }));
        done("sent");
      } else if (request.status === 401 || request.status >= 500) {
        end("lost");
      } else {
        problem(box, request.response?.detail || says(box, "failed"));
        forget(item);
        change(box, item.local, null);
        done("refused");
      }
    });
    request.addEventListener("error", () => unsent(box, item).then(end));
    request.addEventListener("abort", () => done("gone"));
    request.send(data);
  });
  tell(box, item);
}

/** No way to the server: the device keeps the file where the form can wait for the network too. */
async function unsent(box, item) {
  const member = await owner().catch(() => null);
  if (!box.closest("form[data-queue]") || !member) return "lost";
  const kept = { local: item.local, member, url: box.dataset.url, name: item.name, file: held.get(item.local).file };
  return keepFile(kept).then(() => "waits", () => "lost");
}

function arrived(box, item, answer) {
  const before = rowOf(box, item);
  if (before) before.dataset.item = String(answer.id);
  change(box, item.local, answer);
  tell(box, answer);
  forget(item);
}

function forget(item) {
  held.get(item.local)?.request?.abort?.();
  held.delete(item.local);
  if (item.local) dropFile(item.local).catch(() => {});
}

// By hand -------------------------------------------------------------------------------------------------------------

on("click", "[data-files-choose]", (event, pressed) => boxOf(pressed).querySelector("[data-files-input]").click());
on("click", "[data-files-camera]", (event, pressed) => boxOf(pressed).querySelector("[data-files-shot]").click());
on("change", "[data-files-input], [data-files-shot]", (event, input) => {
  event.stopPropagation();
  take(boxOf(input), [...input.files]);
  input.value = "";
});

on("click", "[data-files-remove]", (event, pressed) => {
  const box = boxOf(pressed);
  const made = pressed.closest("li");
  const item = read(box).find((one) => keyOf(one) === made.dataset.item);
  const next = made.nextElementSibling || made.previousElementSibling;
  const focus = next?.querySelector("[data-files-remove]") || box.querySelector("[data-files-choose]");
  change(box, made.dataset.item, null);
  if (item?.local) forget(item);
  problem(box);
  focus.focus();
  if (item) announce(says(box, "removed", { name: item.name }));
});

on("click", "[data-files-again]", (event, pressed) => {
  const box = boxOf(pressed);
  const item = read(box).find((one) => keyOf(one) === pressed.closest("li").dataset.item);
  if (item && held.get(item.local)?.file) send(box, item);
});

document.addEventListener("m:arranged", (event) => {
  for (const box of event.target.querySelectorAll?.("[data-files]") || []) {
    const order = [...listOf(box).children].map((one) => one.dataset.item);
    const items = read(box);
    if (items.map(keyOf).join() !== order.join()) write(box, items.sort((a, b) => order.indexOf(keyOf(a)) - order.indexOf(keyOf(b))));
  }
}, true);

// Dropping and pasting: into the field itself, or into the only one of the form ---------------------------------------

function target(element) {
  const inside = element?.closest?.("[data-files]");
  if (inside) return inside;
  const all = element?.closest?.("form")?.querySelectorAll("[data-files]") || [];
  return all.length === 1 ? all[0] : null;
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  document.querySelectorAll("[data-files].over").forEach((one) => one.classList.remove("over"));
  const box = carriesFiles(event) && target(event.target);
  if (!box) return;
  event.preventDefault();
  box.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.querySelectorAll("[data-files].over").forEach((one) => one.classList.remove("over"));
});
document.addEventListener("drop", (event) => {
  const box = carriesFiles(event) && target(event.target);
  if (!box) return;
  event.preventDefault();
  box.classList.remove("over");
  take(box, [...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])];
  const box = files.length && !event.clipboardData.types.includes("text/plain") && target(document.activeElement);
  if (!box) return;
  event.preventDefault();
  take(box, files);
});

// Going ---------------------------------------------------------------------------------------------------------------

const pending = (form) => [...form.querySelectorAll("[data-files]")].flatMap((box) => read(box).filter((one) => one.local).map((item) => ({ box, item })));

/** Whether everything is uploaded, or waits on the device where the form can wait too. */
async function settled(form) {
  const open = pending(form);
  open.forEach(({ box, item }) => {
    if (held.get(item.local)?.state === "waits" && navigator.onLine) send(box, item);
    if (held.get(item.local)?.state === "sending") problem(box, says(box, "wait"));
  });
  const states = await Promise.all(open.map(({ item }) => held.get(item.local)?.done));
  open.forEach(({ box }) => problem(box));
  if (states.includes("refused")) return false;
  const left = pending(form).filter(({ item }) => held.get(item.local)?.state !== "waits");
  left.forEach(({ box }) => problem(box, says(box, "unsent")));
  return !left.length;
}

// Before htmx and everybody else hears of it; then once more, when all is there.
addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.querySelector?.("[data-files]") || form.isSettled || !pending(form).length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  submitter?.setAttribute("aria-busy", "true");
  // In a turn of its own: while the event is still on its way, a form does not let itself be sent again.
  settled(form).then((may) => setTimeout(() => {
    submitter?.removeAttribute("aria-busy");
    if (!may || !form.isConnected) return;
    form.isSettled = true;
    form.requestSubmit(submitter);
    form.isSettled = false;
  }));
}, true);

// Drawn from the value: a form that came, a draft that is back, an entry that was kept --------------------------------

async function show(box) {
  for (const item of read(box)) {
    if (!item.local || held.has(item.local)) continue;
    const there = await keptFile(item.local).catch(() => null);
    if (there?.file && String(there.member) === String(await owner())) {
      held.set(item.local, { file: there.file, state: "waits" });
      if (navigator.onLine) send(box, item);
    } else {
      change(box, item.local, null);
      problem(box, says(box, "gone"));
    }
  }
  draw(box);
}

onContent((root) => root.querySelectorAll("[data-files]").forEach((box) => {
  if (box.isBegun && box.shown === valueOf(box).value) return;
  box.isBegun = true;
  box.shown = valueOf(box).value;
  show(box);
}));
on("draft-restored", "form", (event, form) => form.querySelectorAll("[data-files]").forEach(show));
// Kept for later or sent: the form is empty again, before its draft is compared.
on("draft-over", "form[data-queue]", (event, form) => form.querySelectorAll("[data-files]").forEach((box) => { valueOf(box).value = ""; draw(box); }), true);
on("change", "[data-files-value]", (event, value) => draw(boxOf(value)));
