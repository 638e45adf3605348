// SPDX-License-Identifier: MIT OR Apache-2.0
// The lower rungs, for browsers and pages without SharedWorker: a worker of this page alone, then the page's own Pyodide.
// Part of the runtime's module, which the loader imports only when it has to: nobody else pays for it.
import type { PyodideAPI } from "pyodide";
import { Host } from "./host";
import { script, type Where } from "./script-url";

type Use = (where: Where, port: MessagePort | Worker) => void;
type Fail = (cause: unknown) => void;

const LOOK_AGAIN_MS = 250;

/** The page's own Pyodide, once there is one; nothing tells when that is. */
async function pagePyodide(): Promise<PyodideAPI> {
  const page = window as { pyodide?: PyodideAPI };
  while (!page.pyodide) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  return page.pyodide;
}

function servePage(name: string, use: Use): void {
  const { port1, port2 } = new MessageChannel();
  new Host(name, pagePyodide).serve(port2);
  use("page", port1);
}

/** `use` is called for each rung that looks as if it held, `fail` when none is left. */
export function fallback(url: string, name: string, use: Use, fail: Fail): void {
  if (name.includes('["runtime","page"]')) return servePage(name, use);
  const next = (cause: string): void =>
    "pyodide" in window ? servePage(name, use) : fail(`${cause}, and there is no window.pyodide`);
  try {
    const worker = new Worker(script(url), { type: "module", name });
    let heard = false;
    worker.addEventListener("message", () => (heard = true), { once: true });
    worker.onerror = (event) => {
      event.preventDefault();
      if (!heard) next("workers are blocked, or their script is missing");
    };
    use("dedicated", worker);
  } catch (error) {
    next(String(error));
  }
}
