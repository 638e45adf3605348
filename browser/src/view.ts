// SPDX-License-Identifier: MIT OR Apache-2.0
// One page view: it introduces itself, then hands entries over in slices that never make a long task.
import { take } from "./collect";
import { post } from "./connect";
import { pack, type Row } from "./pack";
import { pageFacts } from "./page-info";
import type { ToRuntime } from "./protocol";
import { restore } from "./storage";

/** About 1 ms of packing (3-5 us per entry, Chromium 156 on a slow core, November 2026). */
const enum Entries {
  SLICE = 200, // enums cost no bytes
}

let begun = false;
/** The row of a page that came back from the back/forward cache. */
let restored: Row | undefined;
const early: ToRuntime[] = [];
/** Whether the navigation has been handed over with its end. */
export let complete = false;

/**
 * The navigation opens the view's trace even before it has ended, and is said again when it has; with its paints, for
 * documentLoad goes out as soon as its end is known.
 */
function navigation(): void {
  if (complete) return;
  const rows = restored
    ? [restored]
    : ["navigation", "paint"].flatMap((type) => performance.getEntriesByType(type) as unknown as Row[]);
  const row = rows[0];
  if (!row) return;
  complete = !!(restored || row["loadEventEnd"]);
  post(pack(rows));
}

/** Spans and attributes that come before the view has begun wait: the page's <meta> may not be parsed yet. */
export const tell = (message: ToRuntime): unknown => (begun ? post(message) : early.push(message));

/** Hands over one slice; truthy if there may be more. What earlier pages could not hand over goes first. */
export function handOver(): unknown {
  if (!begun) {
    begun = true;
    const hello: ToRuntime = { kind: "hello", view: `${crypto.getRandomValues(new Uint8Array(24))}`, page: pageFacts() };
    // What waited comes before the navigation: documentLoad goes out with it, attributes and all.
    [...restore(), hello, ...early.splice(0)].forEach(post);
    navigation();
  }
  const rows = take(Entries.SLICE) as unknown as Row[];
  if (rows[0]) post(pack(rows));
  else navigation();
  return rows[0];
}

/** The page came back at `startTime` and is on screen: a view of its own. */
export function comeBack(startTime: number): void {
  begun = complete = false;
  restored = { type: "restore", startTime, responseEnd: performance.now() };
}
