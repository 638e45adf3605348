// SPDX-License-Identifier: MIT OR Apache-2.0
// Between the pages' lines and Python: messages wait here until Python runs, in the order they came.
import type { PyodideAPI } from "pyodide";
import { hand, type Runtime } from "./hand";
import { HandBack } from "./hand-back";
import { Keeper } from "./keeper";
import { Ledger } from "./ledger";
import { forgetViews, PageLine, type Port } from "./page-line";
import type { ToPage, ToRuntime } from "./protocol";
import { lastLine, mayPass, PythonSource } from "./python";
import type { Told } from "./unpack";

/** Python starts for these; whatever else a page says can wait for them. */
const STARTERS = /boot|flush|leave/;
/** Ports are never known to be closed: the oldest are forgotten. */
const MAX_PAGES = 256;

export class Host {
  _pages = new Map<number, PageLine>();
  _waiting: [PageLine, Told][] = [];
  _runtime: Runtime | undefined;
  /** Where requests go if the runtime dies with its pages. */
  _back: HandBack | undefined;
  _counters = { state: "idle", boots: 0, boot_ms: 0, connections: 0, failed_messages: 0, failed_message: "" };
  readonly _source: PythonSource;
  readonly _keeper: Keeper;

  /** `name`: the loader's. `guest`: the Pyodide to live in; by default we start one of our own. */
  constructor(name: string, guest?: () => Promise<PyodideAPI>) {
    this._source = new PythonSource(name, guest);
    this._keeper = new Keeper(name);
    addEventListener("online", () => this._runtime?.receive(0, '{"kind":"online"}'));
  }

  readonly _up = (): ToPage => ({ kind: "up", ready: !!this._runtime });

  serve(port: Port): PageLine {
    const id = ++this._counters.connections;
    const page: PageLine = new PageLine(id, port, (message) => this._hear(page, message));
    this._pages.set(id, page).delete(id - MAX_PAGES);
    return page;
  }

  _hear(page: PageLine, message: ToRuntime): void {
    if (message.kind == "hold") this._hold();
    else if (message.kind == "ping") page.post(this._up());
    else if (message.kind == "legacy") this._repeat(message.messages, (taken) => page.post({ ...taken, legacy: message.legacy }));
    else if (message.kind == "answer") this._back?.hear(message);
    else if (message.kind == "stop") this._stop(page);
    else this._take(page, message);
  }

  /** Tells what another page has said, on a line of its own, whose end is known; `heard`: that it is taken. */
  _repeat(messages: readonly ToRuntime[], heard?: PageLine["heard"]): void {
    const port: Port = { postMessage: () => undefined, onmessage: null };
    this.serve(port).heard = heard;
    for (const data of [...messages, { kind: "leave", gone: true } as const]) port.onmessage?.({ data } as MessageEvent);
  }

  _hold(): void {
    this._back ??= new HandBack(() => [...this._pages.values()].reverse().find((page) => !page.away));
    this._keeper.hold();
  }

  /** Erases all, then tells again what the other pages had told: the spans and their ids are the same. */
  _stop(page: PageLine): void {
    this._waiting = this._waiting.filter(([other]) => other != page);
    page.ledger = new Ledger();
    this._keeper.erase();
    if (!this._runtime) return;
    this._tell(this._runtime, page, { kind: "stop" });
    for (const other of this._pages.values()) {
      if (other == page) continue;
      for (const message of other.ledger.again()) this._tell(this._runtime, other, message);
      this._mark(other);
    }
  }

  _take(page: PageLine, message: Told): void {
    if (this._runtime) this._tell(this._runtime, page, message);
    else if (message.kind == "counters") this._post(page, { ...message, kind: "counters", counters: {} });
    else this._waiting.push([page, message]);
    if (!STARTERS.test(message.kind)) return;
    this._mark(page);
    if (message.kind != "leave") page.later(this._up());
  }

  /** A batch is told: Python is to start, and to say when it is taken; until then the disk has it. */
  _mark(page: PageLine): void {
    this._take(page, { kind: "mark", count: page.ledger._count });
    this._keeper.keep(page);
    if (!/booting|ready/.test(this._counters.state)) void this._boot();
  }

  /** A message that Python cannot take must not stop those behind it. */
  _tell(runtime: Runtime, page: PageLine, message: Told): void {
    try {
      hand(runtime, page, message);
    } catch (error) {
      this._counters.failed_messages++;
      this._counters.failed_message = lastLine(error);
    }
  }

  _post(page: PageLine | undefined, message: ToPage): void {
    if (message.kind == "taken" && page) {
      page.ledger.take(message);
      page.heard?.(message);
      this._keeper.keep(page);
      if (!this._back) return page.later(message.documents ? { ...message, preface: page.ledger.preface } : message);
    }
    if ("counters" in message) Object.assign(message.counters, this._counters, this._source.marks, this._keeper.counters());
    page?.post(message);
  }

  async _boot(): Promise<void> {
    const start = performance.now();
    this._counters.state = "booting";
    try {
      await this._keeper.kept();
      const post = (page: number, text: string): void => this._post(this._pages.get(page), JSON.parse(text) as ToPage);
      this._runtime = await this._source.serve(post, this._back?.send);
    } catch (error) {
      return this._fail(error);
    }
    this._counters.state = "ready";
    this._counters.boots++;
    this._counters.boot_ms = Math.round(performance.now() - start);
    for (const [page, message] of this._waiting.splice(0)) this._tell(this._runtime, page, message);
    this.restore();
  }

  /** Tells what runtimes that are no more had not delivered; to be called for each page that comes. */
  restore(): void {
    if (this._runtime) void this._keeper.restore((messages) => this._repeat(messages));
  }

  /** Says why to every page, drops what waited, and is ready to try again for the next one. */
  _fail(error: unknown): void {
    this._counters.state = "failed";
    this._waiting = [];
    const cause = "Python did not start: " + lastLine(error);
    for (const page of this._pages.values()) page.post({ kind: "failed", cause, keep: mayPass(cause) });
    this._pages.clear();
    this._keeper.leave();
    forgetViews();
  }
}
