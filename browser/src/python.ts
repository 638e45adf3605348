// SPDX-License-Identifier: MIT OR Apache-2.0
// Where a runtime has its Python from: a page that has one, or a Pyodide of our own, from our bundle or another folder.
import type { PyodideAPI } from "pyodide";
import { installAgent, startPyodide, type Marks } from "./boot";
import { capabilities, tagOf } from "./capabilities";
import type { Runtime } from "./hand";
import type { HandBack } from "./hand-back";

/** Failures that the next page view need not have. */
const PASSING = /abort|fetch|answered|load|network|Save-Data/i;
/** Of a Python traceback the last line says it. */
export const lastLine = (error: unknown): string => String(error).trim().split("\n").pop() ?? "";

export const mayPass = (cause: string): boolean => PASSING.test(cause);

export class PythonSource {
  readonly marks: Marks = {};
  readonly _here = new URL(import.meta.url);
  readonly _base: string;
  /** Of our bundle's files; none where Pyodide comes from elsewhere. */
  readonly _query: string | undefined;

  /** `name`: the loader's. `guest`: the Pyodide to live in; by default we start one of our own. */
  constructor(
    readonly _name: string,
    readonly _guest?: () => Promise<PyodideAPI>,
  ) {
    const [, entries] = JSON.parse(_name) as [string, [string, string][]];
    const elsewhere = new Map(entries).get("pyodideUrl");
    this._base = new URL((elsewhere ?? "pyodide").replace(/\/*$/, "/"), this._here).href;
    this._query = elsewhere === undefined ? this._here.search : undefined;
  }

  /** Starts it, and in it the runtime: `post` takes its words to pages, `send` stands for fetch. */
  async serve(post: (page: number, json: string) => void, send?: HandBack["send"]): Promise<Runtime> {
    const python = await this._start();
    const serve = python.pyimport("edgetrace.browser.serve");
    const runtime = serve(tagOf(this._name), post, ...(send ? [send] : [])) as Runtime;
    serve.destroy();
    return runtime;
  }

  async _start(): Promise<PyodideAPI> {
    if (!capabilities(this._name)("wasm")) throw new Error("WebAssembly may not be used");
    const file = (name: string): string => new URL(name + this._here.search, this._here).href;
    if (this._guest) return installAgent(this._guest(), file("edgetrace-agent.zip"));
    if (await this._isSpared()) throw new Error("Save-Data is on, and Python is not in the browser's cache");
    return startPyodide(this._base, file, this._query, this.marks);
  }

  /** Whoever saves data does not load megabytes for us; what is cached costs nothing. */
  async _isSpared(): Promise<boolean> {
    if (!(navigator as { connection?: { saveData: boolean } }).connection?.saveData) return false;
    const wasm = fetch(`${this._base}pyodide.asm.wasm${this._query ?? ""}`, { cache: "only-if-cached", mode: "same-origin" });
    return !(await wasm.then(({ ok }) => ok).catch(() => false));
  }
}
