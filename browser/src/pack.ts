// SPDX-License-Identifier: MIT OR Apache-2.0
// Entries become one Float64Array and one string: 0.7 us per entry to cross into Python, against 16 by properties.
import { NUMBERS, STRINGS, type ToRuntime } from "./protocol";

const KINDS = ["resource", "navigation", "paint", "restore"];

/** What is packed: the browser's entries, and our own row for a bfcache restore. */
export type Row = { readonly entryType: string } & { readonly [field: string]: unknown };

/** A field's text; of Server-Timing, its metrics as the header writes them. */
function text(value: unknown): string {
  if (!Array.isArray(value)) return `${value ?? ""}`.replace(/\n/g, " ");
  return value
    .map(({ name, duration, description }: PerformanceServerTiming) => text(`${name};dur=${duration};desc=${description}`))
    .join(", ");
}

/** Unix ms of the page's time zero, anchored anew for each batch: timeOrigin + now drifts while a machine sleeps. */
export function origin(): number {
  const { timeOrigin } = performance;
  const anchor = Date.now() - performance.now();
  return Math.abs(anchor - timeOrigin) < 1000 ? timeOrigin : anchor;
}

/** Fields that a browser does not have are 0 and "", as it writes them where they do not apply. */
export function pack(rows: readonly Row[]): ToRuntime {
  const numbers = rows.flatMap((row) =>
    NUMBERS.map((field) => (field == "kind" ? KINDS.indexOf(row.entryType) : Number(row[field]) || 0)),
  );
  const strings = rows.flatMap((row) => STRINGS.map((field) => text(row[field])));
  return { kind: "entries", origin: origin(), numbers: Float64Array.from(numbers), text: strings.join("\n") };
}
