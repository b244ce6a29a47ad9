/** Pictures made ready for sending on the device: turned as the camera says, no larger than a screen needs, as JPEG. */
const LONGEST = 2560;
const SMALL = 1 << 20;
const KEPT_AS_IT_IS = ["image/gif"];

export const isHeic = (file) => /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name);

/** A file that is quick to send; the same file where nothing is won. Null where this browser cannot read it. */
export async function ready(file) {
  if (KEPT_AS_IT_IS.includes(file.type)) return file;
  let drawn;
  try {
    drawn = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return isHeic(file) ? null : file; // the server says what is wrong with it
  }
  const share = Math.min(1, LONGEST / Math.max(drawn.width, drawn.height));
  if (share === 1 && file.size <= SMALL && !isHeic(file)) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(drawn.width * share);
  canvas.height = Math.round(drawn.height * share);
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  drawn.close();
  const made = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
  if (!made || (made.size >= file.size && !isHeic(file))) return file;
  return new File([made], `${file.name.replace(/\.[^.]*$/, "") || "photo"}.jpg`, { type: "image/jpeg" });
}
