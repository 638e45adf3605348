// SPDX-License-Identifier: MIT OR Apache-2.0
// Sees every resource and paint entry of the page, those before the script ran included.
import { isOurs } from "./config";

/** Chromium keeps 250 entries for readers that come late unless told otherwise; an observer sees the rest anyway. */
const enum Entries {
  BUFFER_SIZE = 5000, // enums cost no bytes
}

/** As the browser hands them over: looked at when the page is idle, not while it loads. */
const lists: PerformanceObserverEntryList[] = [];
const entries: PerformanceEntry[] = [];
let observer: PerformanceObserver | undefined;
export let seen = 0;

/** `arrived`: called when entries have come. */
export function observe(arrived: () => void): void {
  observer = new PerformanceObserver((list) => {
    lists.push(list);
    arrived();
  });
  for (const type of ["resource", "paint"]) observer.observe({ type, buffered: true });
  performance.setResourceTimingBufferSize(Entries.BUFFER_SIZE);
}

/** Up to `limit` entries, oldest first; they are the caller's now. */
export function take(limit: number): PerformanceEntry[] {
  const fresh = lists.splice(0).flatMap((list) => list.getEntries());
  for (const entry of fresh.concat(observer?.takeRecords() || [])) {
    if (isOurs(entry.name)) continue;
    entries.push(entry);
    seen++;
  }
  return entries.splice(0, limit);
}

export const ignore = (): void => observer?.disconnect();
