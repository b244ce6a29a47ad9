/** Entries saved without a connection: kept on the device (IndexedDB), each under the member who made it, and sent once.
 *
 * An entry: {client, member, address, label, title, said: what it holds for people to read, fields: [[name, value], …],
 * titles: of what pickers point at, at, state, problems, message, url}.
 * state: "waiting", "sending", "refused" (the server wants something mended), "sent" (told for a day, without values).
 * Shared by the pages and the service worker: nothing of a document here.
 */
const CHANNEL = "mortise-outbox";
const DAY = 86400000;
let opened = null;

function open() {
  opened ??= new Promise((done, fail) => {
    const request = indexedDB.open("mortise", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("entries", { keyPath: "client" });
      request.result.createObjectStore("forms", { keyPath: "key" });
      request.result.createObjectStore("kept", { keyPath: "key" });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  return opened;
}

async function within(store, mode, work) {
  const transaction = (await open()).transaction(store, mode);
  const request = work(transaction.objectStore(store));
  return new Promise((done, fail) => {
    transaction.oncomplete = () => done(request?.result);
    transaction.onerror = transaction.onabort = () => fail(transaction.error);
  });
}

export const kept = {
  all: (store) => within(store, "readonly", (at) => at.getAll()),
  get: (store, key) => within(store, "readonly", (at) => at.get(key)),
  put: (store, value) => within(store, "readwrite", (at) => at.put(value)),
  drop: (store, key) => within(store, "readwrite", (at) => at.delete(key)),
};

/** Who used this device last: {member, locale}; nobody after signing out. */
export async function who() {
  return (await kept.get("kept", "who")) || null;
}

/** The entries of one member, the oldest first. */
export async function entriesOf(member) {
  const found = (await kept.all("entries")).filter((one) => String(one.member) === String(member));
  return found.sort((a, b) => a.at - b.at);
}

export async function putEntry(entry) {
  await kept.put("entries", entry);
  tell();
}

export async function dropEntry(client) {
  await kept.drop("entries", client);
  tell();
}

// Files that could not be uploaded: {local, member, url, name, file}. An entry names them by `local` in its fields.

const fileKey = (local) => `file:${local}`;
export const keptFile = (local) => kept.get("kept", fileKey(local));
export const keepFile = (one) => kept.put("kept", { ...one, key: fileKey(one.local), at: Date.now() });
export const dropFile = (local) => kept.drop("kept", fileKey(local));
const filesKept = async () => (await kept.all("kept")).filter((one) => String(one.key).startsWith("file:"));

function filesIn(value) {
  if (!value.startsWith("[{") || !value.includes('"local"')) return null;
  try { return JSON.parse(value); } catch { return null; }
}

/** The entry with its files uploaded; each that arrived is noted at once, so that none is sent twice. Throws when offline. */
async function withFiles(entry, csrf) {
  let now = entry;
  for (let at = 0; at < now.fields.length; at += 1) {
    for (const item of (filesIn(now.fields[at][1]) || []).filter((one) => one.local)) {
      const there = await keptFile(item.local);
      const data = new FormData();
      if (there) data.append("file", there.file, there.name);
      const headers = { Accept: "application/json", "X-CSRF-Token": csrf };
      const answer = there && await fetch(there.url, { method: "POST", body: data, headers, credentials: "same-origin" });
      if (answer && answer.status !== 201) return { now, answer, path: now.fields[at][0] };
      const made = answer && await answer.json();
      const left = filesIn(now.fields[at][1]).flatMap((one) => (one.local === item.local ? (made ? [made] : []) : [one]));
      const fields = now.fields.map((pair, n) => (n === at ? [pair[0], left.length ? JSON.stringify(left) : ""] : pair));
      now = { ...now, fields };
      await putEntry(now);
      await dropFile(item.local);
    }
  }
  return { now };
}

/** What was kept for a member goes with his sign-out. */
export async function forgetMember(member) {
  for (const one of await filesKept()) if (String(one.member) === String(member)) await kept.drop("kept", one.key);
  for (const one of await entriesOf(member)) await kept.drop("entries", one.client);
  for (const one of await kept.all("forms")) if (String(one.member) === String(member)) await kept.drop("forms", one.key);
  const last = await who();
  if (last && String(last.member) === String(member)) await kept.drop("kept", "who");
  tell();
}

const channel = "BroadcastChannel" in self ? new BroadcastChannel(CHANNEL) : null;
const listeners = [];
if (channel) channel.onmessage = () => listeners.forEach((fn) => fn());

/** Run `fn` whenever an entry came, went or changed, in whatever page or worker. */
export function onEntries(fn) {
  listeners.push(fn);
}

function tell() {
  channel?.postMessage("changed");
  listeners.forEach((fn) => fn());
}

/** Send what waits; one page or worker of the device at a time. Says whether anything still waits: "", "offline", "sign-in". */
export async function deliver() {
  if (!navigator.locks) return send();
  return navigator.locks.request(CHANNEL, send);
}

async function send() {
  for (const one of await kept.all("entries")) {
    if (one.state === "sent" && Date.now() - one.at > DAY) await kept.drop("entries", one.client);
  }
  for (const one of await filesKept()) if (Date.now() - one.at > 30 * DAY) await kept.drop("kept", one.key);
  const waiting = (await kept.all("entries")).filter((one) => one.state === "waiting" || one.state === "sending");
  if (!waiting.length) return "";
  let pass;
  try {
    const answer = await fetch("/offline/pass", { headers: { Accept: "application/json" }, cache: "no-store", credentials: "same-origin" });
    if (answer.status === 401) return "sign-in";
    if (!answer.ok) return "offline";
    pass = await answer.json();
  } catch { return "offline"; }
  const mine = waiting.filter((one) => String(one.member) === String(pass.member)).sort((a, b) => a.at - b.at);
  for (const entry of mine) {
    const left = await sendOne(entry, pass.csrf);
    if (left) return left;
  }
  return "";
}

/** One entry: made, refused, or still waiting ("offline", "sign-in"). Sent twice it is made once: its client id is unique. */
async function sendOne(entry, csrf) {
  entry = { ...entry, state: "sending" };
  await putEntry(entry);
  let answer;
  let path = "";
  try {
    const headers = { Accept: "application/json", "X-CSRF-Token": csrf };
    const uploaded = await withFiles(entry, csrf);
    entry = uploaded.now;
    path = uploaded.path || "";
    answer = uploaded.answer || await fetch(entry.address, { method: "POST", body: new URLSearchParams(entry.fields), headers, credentials: "same-origin" });
  } catch {
    await putEntry({ ...await kept.get("entries", entry.client), state: "waiting" });
    return "offline";
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok && said.url) {
    const { client, member, label, title, at } = entry;
    await putEntry({ client, member, label, title, at, state: "sent", url: said.url });
    return "";
  }
  if (answer.status === 401 || answer.status === 429 || answer.status >= 500 || answer.ok) {
    await putEntry({ ...entry, state: "waiting" });
    return answer.status === 401 ? "sign-in" : "offline";
  }
  const problems = (said.errors || []).map((one) => ({ path: one.path, message: one.message }));
  if (path) problems.push({ path, message: said.detail || said.title || "" });
  await putEntry({ ...entry, state: "refused", message: said.detail || said.title || "", problems });
  return "";
}
