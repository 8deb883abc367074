// Speaks to the server: JSON, uploads with progress, event streams.

const KEY = "wenyuan.key";
const SESSION = "wenyuan.session";

/** An API key, which this tab alone keeps. */
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

/** A session, whose token is in a cookie that no script can read. We only remember that there is one. */
export const session = {
  exists: () => localStorage.getItem(SESSION) !== null,
  async begin(path, body) {
    key.clear();
    const begun = await call("POST", path, {...body, browser: true});
    localStorage.setItem(SESSION, "1");
    return begun;
  },
  forget: () => localStorage.removeItem(SESSION),
};

export class ApiError extends Error {
  constructor(problem) {
    super(problem.errors?.map((one) => `${one.pointer.slice(1)} ${one.detail}`).join("; ") || problem.detail || problem.title || "error");
    this.status = problem.status ?? 0;
    this.code = problem.code ?? "unavailable";
    this.errors = problem.errors ?? [];
  }

  /** Whether the server complains about this field: "/totp". */
  names(pointer) {
    return this.errors.some((one) => one.pointer === pointer);
  }
}

let onSignedOut = () => {};
export function whenSignedOut(action) {
  onSignedOut = action;
}

function headers(more = {}) {
  return key.get() ? {Authorization: `Bearer ${key.get()}`, ...more} : more;
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {status: response.status, title: response.statusText};
  }
}

async function check(response) {
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401) onSignedOut();
  throw new ApiError(problem);
}

async function send(method, path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method, signal,
      headers: headers(body === undefined ? {} : {"Content-Type": "application/json"}),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({detail: error.message});
  }
  return check(response);
}

export async function call(method, path, body, signal) {
  const response = await send(method, path, body, signal);
  return response.status === 204 ? null : response.json();
}

/** All pages of a list. */
export async function all(path) {
  const items = [];
  let cursor = null;
  do {
    const mark = path.includes("?") ? "&" : "?";
    const page = await call("GET", `${path}${mark}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/** Server-Sent Events of a POST or GET: an async iterator of {event, data}. */
export async function* events(method, path, body, signal) {
  const response = await send(method, path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    pending += value;
    let end;
    while ((end = pending.indexOf("\n\n")) >= 0) {
      const block = pending.slice(0, end);
      pending = pending.slice(end + 2);
      let event = "message";
      const data = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) event = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
      }
      if (data.length > 0) yield {event, data: JSON.parse(data.join("\n"))};
    }
  }
}

/** One file; `onProgress` gets 0 to 1. fetch() cannot tell how far an upload is. */
export function upload(collectionId, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/collections/${collectionId}/documents`);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(request.response.documents[0]);
      else reject(new ApiError(request.response ?? {status: request.status}));
    });
    request.addEventListener("error", () => reject(new ApiError({detail: "connection lost"})));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

/** Saves the original of a document, which may need the key and so cannot be a plain link. */
export async function download(documentId) {
  const response = await send("GET", `/v1/documents/${documentId}/content`);
  const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name ? decodeURIComponent(name) : documentId;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
