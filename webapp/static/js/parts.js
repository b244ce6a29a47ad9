/** A part of a page, asked for by a script: the same request as htmx makes for one. */

const headers = { "HX-Request": "true", "HX-Request-Type": "partial" };

/** What `address` answers: `{ ok, status, page }`, the page empty where it is refused. Fails without a connection. Rows of
 * tables keep their place only inside a table (`within: "table"`); `<hx-partial>`s come as templates.
 */
export async function fetchPart(address, { within = "" } = {}) {
  const answer = await fetch(address, { headers });
  let text = answer.ok ? await answer.text() : "";
  text = text.replaceAll("<hx-partial", "<template").replaceAll("</hx-partial>", "</template>");
  if (within) text = `<${within}>${text}</${within}>`;
  return { ok: answer.ok, status: answer.status, page: new DOMParser().parseFromString(text, "text/html") };
}
