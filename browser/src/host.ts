// SPDX-License-Identifier: MIT OR Apache-2.0
// Between the pages' lines and Python: messages wait here until Python runs, in the order they came.
import { installAgent, startPyodide } from "./boot";
import { browserFacts } from "./browser-info";
import { PageLine, type Port } from "./page-line";
import type { Counters, ToPage, ToRuntime } from "./protocol";
import { complete, originOf } from "./unpack";

/** Python's side, `edgetrace._serve.WorkerRuntime`; it is handed plain data only. */
interface Runtime {
  entries(page: number, origin: number, numbers: Float64Array, text: string): void;
  receive(page: number, message: string): void;
}
type Pyodide = ReturnType<typeof startPyodide>;

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
  readonly _options: string;
  readonly _pyodideUrl: string;

  /** `name`: the loader's. `pyodide`: where Python comes from; by default one of our own. */
  constructor(
    name: string,
    readonly _pyodide: (url: string) => Pyodide = startPyodide,
  ) {
    const [, entries] = JSON.parse(name) as [string, [string, string][]];
    this._options = JSON.stringify(entries);
    const base = new Map(entries).get("pyodideUrl") ?? "pyodide/";
    this._pyodideUrl = new URL(base.replace(/\/*$/, "/"), import.meta.url).href;
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
    if ("counters" in message) Object.assign(message.counters, this._counters satisfies Counters);
    page?.post(message);
  }

  async _boot(): Promise<void> {
    const start = performance.now();
    this._counters.state = "booting";
    try {
      const agent = new URL("edgetrace-agent.zip" + new URL(import.meta.url).search, import.meta.url).href;
      const python = await installAgent(this._pyodide(this._pyodideUrl), agent);
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

  /** Says why to every page, drops what waited, and is ready to try again for the next one. */
  _fail(error: unknown): void {
    this._counters.state = "failed";
    this._waiting = [];
    const cause = "Python did not start: " + lastLine(error);
    for (const page of this._pages.values()) page.post({ kind: "failed", cause });
    this._pages.clear();
  }
}
