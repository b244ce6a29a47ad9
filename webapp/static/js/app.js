/** Everything a page does. One module a behaviour; see README.md for the attributes each of them reads. */
import "./composing.js";
import "./requests.js";
import "./session.js";
import "./toast.js";
import "./menu.js";
import "./sheet.js";
import "./sizes.js";
import "./autosize.js";
import "./theme.js";
import "./rail.js";
import "./keys.js";
import "./offline.js";
import "./drafts.js";
import "./panel.js";
import "./grid.js";
import "./board.js";
import "./picker.js";
