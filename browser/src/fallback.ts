// SPDX-License-Identifier: MIT OR Apache-2.0
// The lower rungs, for browsers and pages where no runtime outlives its page: a SharedWorker as long as one of its pages
// lives, a worker of this page alone, the page's own Pyodide. One held line goes from rung to rung.
// A module of its own, which is loaded only where it has to be: nobody else pays for it.
import type { PyodideAPI } from "pyodide";
import { capabilities, tagOf } from "./capabilities";
import { HeldLine, type Port } from "./held-line";
import type { Host } from "./host";
import { script, type Where } from "./script-url";

type Use = (where: Where, port: HeldLine) => void;
type Fail = (cause: unknown) => void;

const LOOK_AGAIN_MS = 250;
/** A worker whose script is cut because the page goes fails as one that is blocked does; the pagehide that follows must find what was held. */
const LEAVING_MS = 3_000;

/** The page's own Pyodide, once there is one; nothing tells when that is. */
async function pagePyodide(): Promise<PyodideAPI> {
  const page = window as { pyodide?: PyodideAPI };
  while (!page.pyodide) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  return page.pyodide;
}

/**
 * `Guest`: for the page's own Pyodide. `use` is called for each rung that looks as if it held, `fail` when none is left. `above`: the SharedWorker that the loader
 * has, should it hold no longer than its pages; anything else is why it has none.
 */
export function fallback(
  Guest: typeof Host,
  url: string,
  name: string,
  use: Use,
  fail: Fail,
  above?: unknown,
): void {
  const may = capabilities(name);
  const line = new HeldLine(may, tagOf(name));
  const on = (where: Where, port: Port, broken: (cause: string) => void): void => {
    line.over(port, broken);
    use(where, line);
    // From here on what the page says is ours to deliver or to keep.
    line.onmessage?.({ data: { kind: "up" } });
  };
  const page = (cause: string): void => {
    if (cause && !("pyodide" in window)) {
      setTimeout(() => {
        line.end(false);
        fail(`${cause}, and there is no window.pyodide`);
      }, LEAVING_MS);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    new Guest(name, pagePyodide).serve(port2);
    on("page", port1, () => undefined);
  };
  const dedicated = (cause: string): void => {
    if (!may("dedicated")) return page(cause || "no workers");
    try {
      const worker = new Worker(script(url), { type: "module", name });
      let heard = false;
      worker.addEventListener("message", () => (heard = true), { once: true });
      worker.onerror = (event) => {
        event.preventDefault();
        if (!heard) page("workers are blocked, or their script is missing");
      };
      on("dedicated", worker, (hung) => {
        worker.terminate();
        dedicated(hung);
      });
    } catch (error) {
      page(String(error));
    }
  };
  const shared = (worker: SharedWorker): void => {
    worker.onerror = (event) => {
      event.preventDefault();
      dedicated("");
    };
    on("shared", worker.port, dedicated);
  };
  if (name.includes('["runtime","page"]')) return page("");
  try {
    if (above instanceof SharedWorker) return shared(above);
    if (!above && may("shared")) return shared(new SharedWorker(script(url), { type: "module", name }));
  } catch {
    // no SharedWorker at all
  }
  dedicated("");
}
