// SPDX-License-Identifier: MIT OR Apache-2.0
// Between the pages' lines and Python: messages wait here until Python runs, in the order they came.
import type { PyodideAPI } from "pyodide";
import { installAgent, startPyodide } from "./boot";
import { browserFacts } from "./browser-info";
import { PageLine, type Port } from "./page-line";
import type { ToPage, ToRuntime } from "./protocol";
import { complete, originOf } from "./unpack";

/** Python's side, `edgetrace._serve.WorkerRuntime`; it is handed plain data only. */
interface Runtime {
  entries(page: number, origin: number, numbers: Float64Array, text: string): void;
  receive(page: number, message: string): void;
}
/** Python starts for these; whatever else a page says can wait for them. */
const STARTERS = /boot|flush|leave/;
/** Ports are never known to be closed: the oldest are forgotten. */
const MAX_PAGES = 256;

/** Of a Python traceback the last line says it. */
const lastLine = (error: unknown): string => String(error).trim().split("\n").pop() ?? "";

export class Host {
  _pages = new Map<number, PageLine>();
  _waiting: [PageLine, ToRuntime][] = [];
  _runtime: Runtime | undefined;
  _counters = { state: "idle", boots: 0, boot_ms: 0, connections: 0, failed_messages: 0, failed_message: "" };
  readonly _marks: Record<string, number> = {};
  readonly _options: string;
  /** Where Pyodide comes from if not from our bundle. */
  readonly _pyodideUrl: string | undefined;

  /** `name`: the loader's. `guest`: the Pyodide to live in; by default we start one of our own. */
  constructor(
    name: string,
    readonly _guest?: () => Promise<PyodideAPI>,
  ) {
    const [, entries] = JSON.parse(name) as [string, [string, string][]];
    this._options = JSON.stringify(entries);
    this._pyodideUrl = new Map(entries).get("pyodideUrl");
  }

  serve(port: Port): void {
    const id = ++this._counters.connections;
    const page: PageLine = new PageLine(id, port, (message) => this._hear(page, message));
    this._pages.set(id, page).delete(id - MAX_PAGES);
  }

  _hear(page: PageLine, message: ToRuntime): void {
    if (STARTERS.test(message.kind) && !/booting|ready/.test(this._counters.state)) void this._boot();
    if (this._runtime) this._tell(this._runtime, page, message);
    else if (message.kind == "counters") this._post(page, { ...message, kind: "counters", counters: {} });
    else this._waiting.push([page, message]);
  }

  /** A message that Python cannot take must not stop those behind it. */
  _tell(runtime: Runtime, page: PageLine, message: ToRuntime): void {
    try {
      this._hand(runtime, page, message);
    } catch (error) {
      this._counters.failed_messages++;
      this._counters.failed_message = lastLine(error);
    }
  }

  _hand(runtime: Runtime, page: PageLine, message: ToRuntime): void {
    if (message.kind == "entries") {
      const { numbers, text } = complete(message);
      return runtime.entries(page.id, originOf(message), numbers, text);
    }
    let said: object = message;
    if (message.kind == "hello") said = { ...message, page: { ...message.page, ...browserFacts() } };
    if (message.kind == "span") said = { ...message, origin: originOf(message) };
    if (message.kind == "boot") {
      if (!page.firstFlush()) return;
      said = { kind: "flush", id: -1 };
    }
    runtime.receive(page.id, JSON.stringify(said));
  }

  _post(page: PageLine | undefined, message: ToPage): void {
    if ("counters" in message) Object.assign(message.counters, this._counters, this._marks);
    page?.post(message);
  }

  async _boot(): Promise<void> {
    const start = performance.now();
    this._counters.state = "booting";
    try {
      const python = await this._python();
      const serve = python.pyimport("edgetrace.browser.serve");
      const post = (page: number, text: string) => this._post(this._pages.get(page), JSON.parse(text) as ToPage);
      this._runtime = serve(this._options, post) as Runtime;
      serve.destroy();
    } catch (error) {
      return this._fail(error);
    }
    this._counters.state = "ready";
    this._counters.boots++;
    this._counters.boot_ms = Math.round(performance.now() - start);
    for (const [page, message] of this._waiting.splice(0)) this._tell(this._runtime, page, message);
  }

  _python(): Promise<PyodideAPI> {
    const here = new URL(import.meta.url);
    const file = (name: string): string => new URL(name + here.search, here).href;
    if (this._guest) return installAgent(this._guest(), file("edgetrace-agent.zip"));
    const elsewhere = this._pyodideUrl;
    const base = new URL((elsewhere ?? "pyodide").replace(/\/*$/, "/"), here).href;
    return startPyodide(base, file, elsewhere === undefined ? here.search : undefined, this._marks);
  }

  /** Says why to every page, drops what waited, and is ready to try again for the next one. */
  _fail(error: unknown): void {
    this._counters.state = "failed";
    this._waiting = [];
    const cause = "Python did not start: " + lastLine(error);
    for (const page of this._pages.values()) page.post({ kind: "failed", cause });
    this._pages.clear();
  }
}
