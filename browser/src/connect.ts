// SPDX-License-Identifier: MIT OR Apache-2.0
// The line to the runtime, wherever it runs. What was said is said again to the next rung when one breaks.
//
//   SharedWorker  ->  dedicated Worker  ->  the page's own Pyodide  ->  nothing: entries are counted as lost
//   (here)            (fallback.ts, in the runtime's module; with data-runtime="edge" edge.ts in its own)
import { name, noWorker, workerUrl } from "./config";
import { attempt } from "./guard";
import { coverOf } from "./redact";
import { script, type Where } from "./script-url";
import type { Counters, ToPage, ToRuntime } from "./protocol";
import { save } from "./storage";

/** An answer that takes longer is given from this side, so that the promise of `flush()` always settles. */
const enum Wait {
  ANSWER_MS = 30_000, // enums cost no bytes
}

let port: MessagePort | Worker | undefined;
let kept: ToRuntime[] = [];
/** Whether the browser lets the runtime outlive the page, so that what is posted is delivered. */
let outlives = false;
/** Whether the runtime has taken over for good: it outlives the page, or has delivered once. */
let safe = false;
const asked: ((counters?: Counters) => void)[] = [];
/** `runtime`: where Python runs, "" while nobody knows, "none" once nothing more is said; `cause`: why not elsewhere. */
export const state: { runtime: Where | "" | "none"; cause: string } = { runtime: "", cause: "" };

export function post(message: ToRuntime): void {
  if (state.runtime == "none") return;
  if (!safe) kept.push(message);
  port?.postMessage(message); // copied, not moved: 48 KB a slice, and it may have to be said again
}

/** Posts a question; the answer always comes. */
export const ask = (kind: "flush" | "counters"): Promise<Counters | undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, state.runtime == "none" ? 0 : Wait.ANSWER_MS);
    post({ kind, id: asked.push(resolve) - 1 });
  });

/** Nobody listens any more. */
export function end(cause: unknown): void {
  state.runtime = "none";
  state.cause = `${cause}`;
  kept = [];
  for (const answer of asked) answer();
}

function hear(message: ToPage): void {
  if ("text" in message) console.log(message.text);
  if (message.kind == "failed") end(message.cause);
  if (outlives || message.kind == "flushed") {
    safe = true;
    kept = [];
  }
  if ("id" in message) asked[message.id]?.(message.counters);
}

function use(where: Where, next: MessagePort | Worker): void {
  state.runtime = where;
  port = next;
  port.onmessage = (event: MessageEvent<ToPage>) => attempt(() => hear(event.data));
  for (const message of kept) port.postMessage(message);
}

/** To the lower rungs; whoever gets here has no SharedWorker, or one whose script did not load. */
function fall(cause: unknown): void {
  state.cause = `${cause}`;
  outlives = false;
  import(workerUrl).then((runtime) => runtime.fallback(workerUrl, name, use, end)).catch(end);
}

export function open(): void {
  try {
    if (noWorker) throw "";
    const worker = new SharedWorker(script(workerUrl), {
      type: "module",
      name,
      // Only a browser that knows the option reads it (Chromium 139 and later).
      get extendedLifetime() {
        return (outlives = true);
      },
    } as WorkerOptions);
    worker.onerror = fall;
    use("shared", worker.port);
  } catch (error) {
    fall(error);
  }
}

/** The page is gone; where it may come back, a worker would still start and hear what was posted. What is saved is not ours. */
export const part = (mayComeBack: boolean): unknown =>
  (mayComeBack && port) || (kept[0] && save(kept.splice(0), coverOf(name)));
