// SPDX-License-Identifier: MIT OR Apache-2.0
// The line to the runtime, wherever it runs. What was said is said again when a runtime dies or hangs: to another that
// outlives its pages, twice at most, then to the next rung.
//
//   SharedWorker  ->  one that dies with its pages, dedicated Worker, the page's own Pyodide  ->  nothing: entries are lost
//   that outlives     (fallback.ts, by way of the runtime's module; with data-runtime="edge" edge.ts in its own)
//   its pages (here)
import { name, noWorker, workerUrl } from "./config";
import { attempt } from "./guard";
import { importModule } from "./import-module";
import { coverOf } from "./redact";
import { script, type Where } from "./script-url";
import type { Counters, ToPage, ToRuntime } from "./protocol";
import { save } from "./storage";

/** An answer that takes longer is given from this side, so that the promise of `flush()` always settles. */
const enum Wait {
  ANSWER_MS = 30_000, // enums cost no bytes
  /** A worker that says nothing for so long hangs, or its script does. Whoever stands in for it is told the same. */
  WORD_MS = 10_000,
  /** Browsers cut the requests of a page that goes before its pagehide, which must still find what was kept. */
  LEAVING_MS = 3_000,
}
const enum Limit {
  /** Messages of an outage that does not end; the runtime has them all. */
  KEPT = 2_000,
  /** Runtimes that fell silent, and have another in their place. */
  SILENCES = 2,
}

let port: MessagePort | Worker | undefined;
/** What another runtime would have to be told: of those that outlive their pages what is not delivered, else what is not heard. */
let kept: ToRuntime[] = [];
/** What comes before that: whose view it is, and how much of it is delivered, in the runtime's own words. */
let before: ToRuntime[] = [];
let delivered = 0;
/** Runs while a word is due. */
let silence = 0;
let address: string | undefined;
/** Whether the browser lets the runtime outlive the page, so that what is posted is delivered. */
export let outlives = false;
/** Whether what is posted is somebody's: who speaks, and owes no word, outlives the page or keeps what it is told (held-line.ts, edge.ts). */
let safe = false;
const asked: ((counters?: Counters) => void)[] = [];
/**
 * `runtime`: where Python runs, "" while nobody knows, "none" once nothing more is said; `cause`: why not elsewhere;
 * `silences`: of runtimes that outlive their pages.
 */
export const state: { runtime: Where | "" | "none"; cause: string; silences: number } = { runtime: "", cause: "", silences: 0 };

export function post(message: ToRuntime): void {
  if (state.runtime == "none") return;
  if ((outlives || !safe) && !kept[Limit.KEPT]) kept.push(message);
  port?.postMessage(message); // copied, not moved: 48 KB a slice, and it may have to be said again
  if (/boot|flush/.test(message.kind)) expect();
}

/** Who outlives the page owes a word now. */
function expect(): void {
  if (!outlives) return;
  safe = false;
  silence ||= setTimeout(() => {
    silence = 0;
    if (!outlives) return;
    if (state.silences++ < Limit.SILENCES) open();
    else fall("silence");
  }, Wait.WORD_MS);
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
  clearTimeout(silence);
  safe = true;
  for (const answer of asked) answer();
}

/** All fields that any word has: by them it is known. */
type Heard = { text?: string; cause?: string; id?: number; counters?: Counters; count?: number; preface?: ToRuntime[] };

function hear({ text, cause, id, counters, count, preface }: Heard): void {
  clearTimeout(silence);
  silence = 0;
  if (text) console.log(text);
  if (cause) end(cause);
  safe = true;
  if (!outlives) kept = [];
  if (preface) {
    kept.splice(0, count! - delivered);
    delivered = count!;
    before = preface;
  }
  asked[id!]?.(counters);
}

function use(where: Where, next: MessagePort | Worker): void {
  state.runtime = where;
  port = next;
  safe = false;
  delivered = 0;
  kept = before.concat(kept);
  before = [];
  next.onmessage = (event: MessageEvent<ToPage>) => next == port && attempt(() => hear(event.data as Heard));
  for (const message of kept) next.postMessage(message);
}

/** To the lower rungs; whoever gets here has no SharedWorker that outlives the page, or one whose script did not load. */
function fall(cause: unknown): void {
  outlives = false;
  state.cause = (cause as Partial<SharedWorker>).port ? "no extendedLifetime" : `${cause}`;
  importModule(workerUrl)
    .then((runtime) => runtime.fallback(workerUrl, name, use, end, cause))
    .catch((error) => setTimeout(end, Wait.LEAVING_MS, error));
}

export function open(): void {
  try {
    if (noWorker) throw "";
    const worker = new SharedWorker((address ||= script(workerUrl)), {
      type: "module",
      name: name + " ".repeat(state.silences), // who is silent is not asked again: it may hang
      // Only a browser that knows the option reads it (Chromium 139 and later).
      get extendedLifetime() {
        return (outlives = true);
      },
    } as WorkerOptions);
    worker.onerror = fall;
    if (!outlives) throw worker;
    use("shared", worker.port);
    expect();
  } catch (error) {
    fall(error);
  }
}

/** The page is gone; where it may come back, a worker would still start and hear what was posted. What is saved may yet be ours to tell. */
export const part = (mayComeBack?: boolean): unknown =>
  (mayComeBack && port) || safe || (kept[0] && save(before.concat(kept), coverOf(name)));
