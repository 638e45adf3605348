// SPDX-License-Identifier: MIT OR Apache-2.0
// Sees every resource entry of the page, those before the script ran included.
import { isOurs } from "./config";

/** As the browser hands them over: looked at when the page is idle, not while it loads. */
const lists: PerformanceObserverEntryList[] = [];
const entries: PerformanceEntry[] = [];
let observer: PerformanceObserver | undefined;
export let seen = 0;

/** `arrived`: called when entries have come. Browsers keep 250 for readers that come late; an observer sees those behind them too. */
export function observe(arrived: () => void): void {
  observer = new PerformanceObserver((list) => {
    lists.push(list);
    arrived();
  });
  observer.observe({ type: "resource", buffered: true });
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
