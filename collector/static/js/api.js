// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads the collector's JSON API, and says when something has changed.

const cache = new Map(); // path -> {etag, value}

/** GET a path; an unchanged answer costs a 304 and returns the same object. Undefined for 404. */
export async function get(path) {
  const known = cache.get(path);
  const response = await fetch(path, { headers: known ? { "if-none-match": known.etag } : {}, cache: "no-store" });
  if (response.status === 304) return known.value;
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const value = { body: await response.json(), total: Number(response.headers.get("x-total-count")) };
  if (cache.size > 8) cache.clear();
  cache.set(path, { etag: response.headers.get("etag"), value });
  return value;
}

export const listTraces = () => get("api/traces?limit=500");
export const readTrace = (traceId) => get(`api/traces/${traceId}`);
export const listRequests = () => get("api/requests?limit=50");
export const clearTraces = () => fetch("api/traces", { method: "DELETE" });

/**
 * Call `onChange` when the store has changed (at most once a second) and `onState` with
 * "live" | "lost" | "paused". Hidden tabs let go of the stream: a browser opens six connections to
 * a host, and six forgotten tabs would block the pages that send their spans here.
 */
export function follow(onChange, onState) {
  let source = null;
  let timer = 0;
  let last = 0;
  const changed = () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      last = Date.now();
      onChange();
    }, Math.max(0, last + 1000 - Date.now()));
  };
  const open = () => {
    source = new EventSource("api/events");
    source.addEventListener("open", () => onState("live"));
    source.addEventListener("change", changed);
    source.addEventListener("error", () => {
      onState("lost");
      // CLOSED means that the browser has given up (a proxy's error page, for instance).
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(sync, 2000);
      }
    });
  };
  const close = () => {
    source?.close();
    source = null;
    onState("paused");
  };
  function sync() {
    if (document.hidden) close();
    else if (!source) open();
  }
  document.addEventListener("visibilitychange", sync);
  addEventListener("pagehide", close);
  addEventListener("pageshow", sync);
  sync();
}
