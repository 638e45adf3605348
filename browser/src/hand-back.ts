// SPDX-License-Identifier: MIT OR Apache-2.0
// fetch() for a runtime that dies with its pages: a page sends, and may do so when the runtime is gone.
import type { PageLine } from "./page-line";
import type { ToRuntime } from "./protocol";

type Said = Extract<ToRuntime, { kind: "answer" }>;
/** What of a Response the agent reads. */
interface Answer {
  status: number;
  headers: [string, string][];
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface Init {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
  spans: number;
  signal: AbortSignal;
}

export class HandBack {
  readonly _open = new Map<number, (said: Said) => void>();
  _last = 0;

  /** `_page`: one that lives. */
  constructor(readonly _page: () => PageLine | undefined) {}

  readonly send = (url: string, { headers, body, spans, signal }: Init): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const page = this._page();
      if (!page) throw new TypeError("no page is left to send it");
      const request = ++this._last;
      this._open.set(request, ({ error, status = 0, headers = [], body = new ArrayBuffer() }) => {
        if (error === undefined) resolve({ status, headers, arrayBuffer: () => Promise.resolve(body) });
        else reject(new TypeError(error));
      });
      signal.addEventListener("abort", () => {
        if (!this._open.delete(request)) return;
        page.away = true; // it has not answered; a word of it makes up for that
        reject(signal.reason);
      });
      page.post({ kind: "request", request, url, headers, body, spans });
    });

  hear(said: Said): void {
    this._open.get(said.request)?.(said);
    this._open.delete(said.request);
  }
}
