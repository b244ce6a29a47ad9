/** Says when the connection is gone and when it is back; nothing typed is lost meanwhile (drafts.js). */
import { say } from "./dom.js";
import { toast } from "./toast.js";

const banner = document.getElementById("offline");

function tell() {
  if (banner) banner.hidden = navigator.onLine;
}

tell();
addEventListener("offline", tell);
addEventListener("online", () => {
  tell();
  toast({ text: say("online") });
});
