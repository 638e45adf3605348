// SPDX-License-Identifier: MIT OR Apache-2.0
// Between the pages' lines and Python: messages wait here until Python runs, in the order they came.
import type { PyodideAPI } from "pyodide";
import { installAgent, startPyodide } from "./boot";
import { browserFacts } from "./browser-info";
import { capabilities, tagOf } from "./capabilities";
import { Disk } from "./disk";
import { HandBack } from "./hand-back";
import { Ledger } from "./ledger";
import { PageLine, type Port } from "./page-line";
import type { ToPage, ToRuntime } from "./protocol";
import { complete, originOf } from "./unpack";

/** Python's side, `edgetrace._serve.WorkerRuntime`; it is handed plain data only. */
interface Runtime {
  entries(page: number, origin: number, numbers: Float64Array, text: string): void;
  receive(page: number, message: string): void;
}
/** `mark`: the page has told `count` messages by now. */
type Told = ToRuntime | { kind: "mark"; count: number };
/** Python starts for these; whatever else a page says can wait for them. */
const STARTERS = /boot|flush|leave/;
/** Failures that the next page view need not have. */
const PASSING = /fetch|answered|load|network|Save-Data/i;
/** Ports are never known to be closed: the oldest are forgotten. */
const MAX_PAGES = 256;

/** Of a Python traceback the last line says it. */
const lastLine = (error: unknown): string => String(error).trim().split("\n").pop() ?? "";

export class Host {
  _pages = new Map<number, PageLine>();
  _waiting: [PageLine, Told][] = [];
  _runtime: Runtime | undefined;
  /** Where requests go if the runtime dies with its pages. */
  _back: HandBack | undefined;
  _counters = { state: "idle", boots: 0, boot_ms: 0, connections: 0, failed_messages: 0, failed_message: "" };
  readonly _marks: Record<string, number> = {};
  readonly _options: string;
  /** Where Pyodide comes from if not from our bundle. */
  readonly _pyodideUrl: string | undefined;
  readonly _mayWasm: boolean;
  /** Where a runtime that outlives its pages keeps what it was told. */
  readonly _disk: Disk | undefined;

  /** `name`: the loader's. `guest`: the Pyodide to live in; by default we start one of our own. */
  constructor(
    name: string,
    readonly _guest?: () => Promise<PyodideAPI>,
  ) {
    const [, entries] = JSON.parse(name) as [string, [string, string][]];
    this._options = JSON.stringify(entries);
    this._pyodideUrl = new Map(entries).get("pyodideUrl");
    this._mayWasm = capabilities(name)("wasm");
    this._disk = "onconnect" in self ? new Disk(tagOf(name)) : undefined;
    addEventListener("online", () => this._runtime?.receive(0, '{"kind":"online"}'));
  }

  serve(port: Port): void {
    const id = ++this._counters.connections;
    const page: PageLine = new PageLine(id, port, (message) => this._hear(page, message));
    this._pages.set(id, page).delete(id - MAX_PAGES);
  }

  /** A page that can send: the one that has spoken last, were all to be asked in turn. */
  _sender(): PageLine | undefined {
    return [...this._pages.values()].reverse().find((page) => !page.away);
  }

  _hear(page: PageLine, message: ToRuntime): void {
    if (message.kind == "hold") this._back ??= new HandBack(() => this._sender());
    else if (message.kind == "ping") page.post({ kind: "up", ready: !!this._runtime });
    else if (message.kind == "answer") this._back?.hear(message);
    else if (message.kind == "stop") this._stop(page);
    else this._take(page, message);
  }

  /** Erases all, then tells again what the other pages had told: the spans and their ids are the same. */
  _stop(page: PageLine): void {
    this._waiting = this._waiting.filter(([other]) => other != page);
    page.ledger = new Ledger();
    void this._disk?.clear();
    if (!this._runtime) return;
    this._tell(this._runtime, page, { kind: "stop" });
    for (const other of this._pages.values()) {
      if (other == page) continue;
      for (const message of other.ledger.again()) this._tell(this._runtime, other, message);
      this._mark(other);
    }
  }

  _take(page: PageLine, message: Told): void {
    if (STARTERS.test(message.kind) && !/booting|ready/.test(this._counters.state)) void this._boot();
    if (this._runtime) this._tell(this._runtime, page, message);
    else if (message.kind == "counters") this._post(page, { ...message, kind: "counters", counters: {} });
    else this._waiting.push([page, message]);
    if (STARTERS.test(message.kind)) this._mark(page);
  }

  /** A batch is told: Python is to say when it is taken, and until then the disk has it. */
  _mark(page: PageLine): void {
    this._take(page, { kind: "mark", count: page.told });
    this._keep(page);
  }

  _keep(page: PageLine): void {
    if (!this._back) void this._disk?.put(page.id, page.ledger.messages());
  }

  /** Tells what runtimes that are no more were told, each as a page that has gone. */
  async _restore(): Promise<void> {
    for (const messages of (await this._disk?.restore()) ?? []) {
      const port: Port = { postMessage: () => undefined, onmessage: null };
      this.serve(port);
      for (const data of [...messages, { kind: "leave", gone: true } as const]) port.onmessage?.({ data } as MessageEvent);
    }
  }

  /** A message that Python cannot take must not stop those behind it. */
  _tell(runtime: Runtime, page: PageLine, message: Told): void {
    try {
      this._hand(runtime, page, message);
    } catch (error) {
      this._counters.failed_messages++;
      this._counters.failed_message = lastLine(error);
    }
  }

  _hand(runtime: Runtime, page: PageLine, message: Told): void {
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
    if (message.kind == "taken" && page) {
      page.ledger.take(message);
      this._keep(page);
      if (!this._back) return;
    }
    if ("counters" in message) Object.assign(message.counters, this._counters, this._marks, { disk_dropped: this._disk?.dropped ?? 0 });
    page?.post(message);
  }

  async _boot(): Promise<void> {
    const start = performance.now();
    this._counters.state = "booting";
    try {
      if (!this._mayWasm) throw new Error("WebAssembly may not be used");
      if (await this._isSpared()) throw new Error("Save-Data is on, and Python is not in the browser's cache");
      const python = await this._python();
      const serve = python.pyimport("edgetrace.browser.serve");
      const post = (page: number, text: string) => this._post(this._pages.get(page), JSON.parse(text) as ToPage);
      const given = this._back ? [this._options, post, this._back.send] : [this._options, post];
      this._runtime = serve(...given) as Runtime;
      serve.destroy();
    } catch (error) {
      return this._fail(error);
    }
    this._counters.state = "ready";
    this._counters.boots++;
    this._counters.boot_ms = Math.round(performance.now() - start);
    for (const [page, message] of this._waiting.splice(0)) this._tell(this._runtime, page, message);
    if (!this._back) void this._restore();
  }

  get _base(): string {
    return new URL((this._pyodideUrl ?? "pyodide").replace(/\/*$/, "/"), import.meta.url).href;
  }

  /** Whoever saves data does not load megabytes for us; what is cached costs nothing. */
  async _isSpared(): Promise<boolean> {
    const { connection } = navigator as { connection?: { saveData: boolean } };
    if (this._guest || !connection?.saveData) return false;
    const wasm = `${this._base}pyodide.asm.wasm${this._pyodideUrl === undefined ? new URL(import.meta.url).search : ""}`;
    const cached = fetch(wasm, { cache: "only-if-cached", mode: "same-origin" });
    return !(await cached.then(({ ok }) => ok).catch(() => false));
  }

  _python(): Promise<PyodideAPI> {
    const here = new URL(import.meta.url);
    const file = (name: string): string => new URL(name + here.search, here).href;
    if (this._guest) return installAgent(this._guest(), file("edgetrace-agent.zip"));
    return startPyodide(this._base, file, this._pyodideUrl === undefined ? here.search : undefined, this._marks);
  }

  /** Says why to every page, drops what waited, and is ready to try again for the next one. */
  _fail(error: unknown): void {
    this._counters.state = "failed";
    this._waiting = [];
    const cause = "Python did not start: " + lastLine(error);
    for (const page of this._pages.values()) page.post({ kind: "failed", cause, keep: PASSING.test(cause) });
    this._pages.clear();
  }
}
