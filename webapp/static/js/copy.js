/** Copying (`[data-copy="text"]`): a press puts the text on the clipboard and says so, in the words of `data-copied` if there are any. */
import { on, say } from "./dom.js";
import { toast } from "./toast.js";

on("click", "[data-copy]", async (event, button) => {
  event.preventDefault();
  event.stopPropagation();
  const text = button.dataset.copy;
  const isDone = await written(text);
  toast(isDone ? { text: button.dataset.copied || say("copied", { text }) } : { text: say("copy_failed"), kind: "bad" });
});

/** The clipboard of the browser needs a secure page; on plain http the old way still works. */
async function written(text) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch { /* not allowed: try the old way */ }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}
