/** A file is chosen or dropped on the page, sent with its progress, and the next page comes; without this module the form does the same. */
import { toast } from "./toast.js";
import { say } from "./dom.js";

const formOf = (element) => element?.closest?.("form[data-upload]");

function choose(form, files) {
  if (!files?.length) return;
  const input = form.querySelector("input[type=file]");
  const kept = new DataTransfer();
  kept.items.add(files[0]);
  input.files = kept.files;
  sendForm(form);
}

function sendForm(form) {
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("button[type=submit]");
  const place = form.querySelector("[data-uploading]");
  const bar = place.querySelector("progress");
  form.querySelector("[data-chosen]").textContent = input.files[0]?.name || "";
  place.hidden = false;
  button.setAttribute("aria-busy", "true");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = (event.loaded / event.total) * 100; });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    place.querySelector("[data-sending]").hidden = true;
    place.querySelector("[data-reading]").hidden = false;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) { location.assign(request.responseURL); return; }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const told = page.querySelector("form[data-upload]");
    rest();
    if (!told) { toast({ text: page.querySelector("[data-message]")?.textContent.trim() || say(request.status === 413 ? "large" : "failed"), kind: "bad" }); return; }
    form.querySelector("[role=alert]")?.remove();
    const alert = told.querySelector("[role=alert]");
    if (alert) form.querySelector(".in").prepend(document.importNode(alert, true));
  });
  request.addEventListener("error", () => { rest(); toast({ text: say("offline"), kind: "bad" }); });
  request.send(new FormData(form));

  function rest() {
    place.hidden = true;
    bar.value = 0;
    place.querySelector("[data-sending]").hidden = false;
    place.querySelector("[data-reading]").hidden = true;
    button.removeAttribute("aria-busy");
    input.value = "";
    form.querySelector("[data-chosen]").textContent = "";
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.matches?.("input[type=file]") && formOf(event.target);
  if (form && event.target.files.length) sendForm(form);
});

document.addEventListener("submit", (event) => {
  const form = formOf(event.target);
  if (!form) return;
  event.preventDefault();
  if (form.querySelector("button[type=submit]").getAttribute("aria-busy") !== "true") sendForm(form);
}, true);

const zone = () => document.querySelector("[data-drop]");
document.addEventListener("dragover", (event) => {
  if (!zone() || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  zone().classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone()?.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  const place = zone();
  if (!place || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  place.classList.remove("over");
  choose(formOf(place), event.dataTransfer.files);
});
