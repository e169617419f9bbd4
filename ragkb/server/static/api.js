// The server. Every failure becomes a Problem; a 401 asks for a key and tries once more.

import { events } from "./sse.js";

/** "/kb/NAME" where the page was opened under it, else "": the default knowledge base. */
export const base = location.pathname.match(/^\/kb\/[^/]+/)?.[0] ?? "";

const KEY = `ragkb.key${base}`; // a key is good for one knowledge base

/** What went wrong. status: 0 where the server was not reached. retry: seconds to wait, if the server said so. */
export class Problem extends Error {
  constructor(status, body = {}, retry = null, request = "") {
    super(body.message ?? "");
    Object.assign(this, { status, type: body.type ?? "", hint: body.hint ?? "", retry, request });
  }
}

let askForKey = async () => false; // set by signin.js; resolves to true once there is another key

export const onUnauthorized = (handler) => (askForKey = handler);
export const key = () => sessionStorage.getItem(KEY) ?? "";
export const setKey = (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY));

/** The path under the knowledge base that the page is for. */
export const place = (path) => (path.startsWith("/v1/") ? base + path : path);

export const headers = () => (key() ? { authorization: `Bearer ${key()}` } : {});

async function send(path, options, retried = false) {
  let response;
  try {
    response = await fetch(place(path), {
      cache: "no-store",
      credentials: "same-origin",
      ...options,
      headers: { ...options.headers, ...headers() },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  if (response.status === 401 && !retried && (await askForKey())) return send(path, options, true);
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const retry = Number(response.headers.get("retry-after")) || null;
  return new Problem(response.status, body.error ?? {}, retry, response.headers.get("x-request-id") ?? "");
}

export const get = async (path) => (await send(path, {})).json();
export const remove = async (path) => (await send(path, { method: "DELETE" })).json().catch(() => ({}));
export const blob = async (path, signal) => (await send(path, { signal })).blob();
export const text = async (path) => (await send(path, {})).text();

export async function post(path, body) {
  return (await send(path, { method: "POST", ...json(body) })).json();
}

const json = (body) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Yields the events of an answer as they come; where the server answers with JSON, that is the one event. */
export async function* ask(body, signal) {
  const response = await send("/v1/query", { method: "POST", signal, ...json({ ...body, stream: true }) });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    yield { event: "answer", data: await response.json() };
    return;
  }
  try {
    for await (const found of events(response.body)) {
      if (found.event === "error") throw new Problem(502, found.data.error ?? found.data);
      yield found;
    }
  } catch (error) {
    if (error instanceof Problem || error.name === "AbortError") throw error;
    throw new Problem(0); // the connection broke off
  }
}

/** Sends a file; progress gets 0 to 1. Resolves to {status, body}. */
export function upload(path, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", place(path));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new Problem(0));
    request.onload = () => {
      const body = parsedOr(request.responseText);
      const retry = Number(request.getResponseHeader("retry-after")) || null;
      if (request.status < 400) resolve({ status: request.status, body });
      else
        reject(new Problem(request.status, body.error ?? {}, retry, request.getResponseHeader("x-request-id") ?? ""));
    };
    request.send(form);
  });
}

function parsedOr(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
