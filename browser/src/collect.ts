// SPDX-License-Identifier: MIT OR Apache-2.0
// Sees every resource and paint entry of the page, those before the script ran included.
import { isOurs } from "./config";
import { attempt } from "./guard";

/** Chromium keeps 250 entries for readers that come late unless told otherwise; an observer sees the rest anyway. */
const BUFFER_SIZE = 5000;

const entries: PerformanceEntry[] = [];
let observer: PerformanceObserver | undefined;
export let seen = 0;

function add(list: PerformanceEntryList): void {
  const fresh = list.filter((entry) => !isOurs(entry.name));
  seen += fresh.length;
  entries.push(...fresh);
}

/** `arrived`: called when entries have come. */
export function observe(arrived: () => void): void {
  attempt(() => performance.setResourceTimingBufferSize(BUFFER_SIZE));
  observer = new PerformanceObserver((list) =>
    attempt(() => {
      add(list.getEntries());
      arrived();
    }),
  );
  for (const type of ["resource", "paint"]) observer.observe({ type, buffered: true });
}

/** Up to `limit` entries, oldest first; they are the caller's now. */
export function take(limit: number): PerformanceEntry[] {
  if (observer) add(observer.takeRecords());
  return entries.splice(0, limit);
}

export const ignore = (): void => observer?.disconnect();
