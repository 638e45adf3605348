// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers and names as people read them. Durations come in nanoseconds.

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];

export const kindName = (kind) => KINDS[kind] ?? `kind ${kind}`;

/** Three significant digits with a unit that fits: 450 ns, 12.3 µs, 87.1 ms, 2.05 s, 3 min 07 s. */
export function duration(ns) {
  if (ns < 0) return `−${duration(-ns)}`;
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (ns < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (ns < 59.95e9) return `${digits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} min`;
}

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const pad = (value) => String(value).padStart(2, "0");

/** A label for an axis whose ticks are `step` apart: as many decimals as tell two ticks apart. */
export function tickLabel(ns, step) {
  const [unit, size] = step >= 1e9 ? ["s", 1e9] : step >= 1e6 || ns >= 1e9 ? ["ms", 1e6] : step >= 1e3 ? ["µs", 1e3] : ["ns", 1];
  if (ns === 0) return "0";
  const decimals = Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9));
  return `${(ns / size).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })} ${unit}`;
}

export const count = (n, noun, plural = `${noun}s`) => `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The local time of day; with the date unless it is today's. */
export function clock(unixNano) {
  const date = new Date(unixNano / 1e6);
  if (Number.isNaN(date.getTime())) return "unknown";
  const time = TIME.format(date);
  return date.toDateString() === new Date().toDateString() ? time : `${DAY.format(date)}, ${time}`;
}

export function isoTime(unixNano) {
  const date = new Date(unixNano / 1e6);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** The address of the page that a trace loads; without a page, its first span's. */
export function pageUrl(trace) {
  const url = (span) => span?.attributes["url.full"] ?? "";
  return url(trace.spans.find((span) => span.name === "documentLoad")) || url(trace.spans.find(url));
}

/** What tells one resourceFetch from the next: the end of its URL, with the host if it is another. */
export function urlHint(url, pageUrl) {
  if (typeof url !== "string" || !url) return "";
  try {
    const parsed = new URL(url);
    const host = parsed.host;
    let pageHost = "";
    try { pageHost = new URL(pageUrl).host; } catch { /* a trace without a page */ }
    const path = parsed.pathname === "/" ? "/" : parsed.pathname.split("/").filter(Boolean).at(-1);
    const short = readable(path) + (parsed.search.length > 1 ? readable(parsed.search).slice(0, 40) : "");
    return host === pageHost ? short : `${host} … ${short}`;
  } catch {
    return url;
  }
}

function readable(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign
  }
}
