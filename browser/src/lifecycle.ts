// SPDX-License-Identifier: MIT OR Apache-2.0
// When things happen: boot at load and idle, hand over while the page lives, leave when it hides or goes.
//
//   script runs   observe, create the worker (or wait until a prerendered page is activated)
//   beforeunload  not loaded yet: as pagehide, for WebKit fires none then; whoever stays has a documentLoad that ends early
//   load + idle   hello, navigation, entries in slices, boot
//   later         new entries one second after the first of them, in slices
//   hidden        hand over all, finish the view if it has loaded, send; what no runtime took is stored, for a killed page says no more
//   pagehide      hand over all, finish the view, send; the same
//   freeze        what no runtime took is stored: nothing may follow
//   pageshow      from the back/forward cache: a view of its own
import { ignore, observe } from "./collect";
import { end, open, outlives, part, post } from "./connect";
import { attempt, on, whenIdle } from "./guard";
import { forget } from "./storage";
import { comeBack, complete, handOver } from "./view";

const enum Wait {
  BATCH_MS = 1000, // enums cost no bytes
}

/** Whether the page has loaded; until then entries stay with the browser. */
let ready = false;
let timer = 0;
let stopped = false;

function drain(): void {
  timer = 0;
  if (stopped) return;
  if (handOver()) whenIdle(drain);
  else post({ kind: "boot" });
}

/** Entries that come later wait a second for company. */
function later(): void {
  if (ready) timer ||= setTimeout(() => attempt(drain), Wait.BATCH_MS);
}

function start(): void {
  ready = true;
  drain();
}

export function handOverAll(): void {
  while (!stopped && handOver());
}

function leave(gone: boolean, mayComeBack?: boolean): void {
  handOverAll();
  part(mayComeBack);
  post({ kind: gone || complete ? "leave" : "boot", gone });
}

export function stop(): void {
  stopped = true;
  ignore();
  forget();
  post({ kind: "stop" });
  end("stopped");
}

function activated(): void {
  open();
  const loaded = (): unknown => whenIdle(start); // a task after the event, when loadEventEnd is known
  if (document.readyState == "complete") loaded();
  else on("load", loaded);
}

export function live(): void {
  on("visibilitychange", () => document.visibilityState == "hidden" && leave(false));
  on("beforeunload", () => ready || outlives || leave(true));
  on("pagehide", (event) => leave(true, event.persisted));
  on("freeze", () => part());
  on("pageshow", (event) => {
    if (!event.persisted) return;
    requestAnimationFrame(() =>
      attempt(() => {
        comeBack(event.timeStamp);
        start();
      }),
    );
  });
  attempt(() => observe(later));
  if ((document as { prerendering?: boolean }).prerendering) on("prerenderingchange", activated);
  else activated();
}
