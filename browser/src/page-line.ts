// SPDX-License-Identifier: MIT OR Apache-2.0
// One page's line to the runtime, as the runtime knows it: whether its words are news, and whether it may be spoken to.
import { Ledger } from "./ledger";
import type { ToPage, ToRuntime } from "./protocol";

export interface Port {
  postMessage(message: ToPage): void;
  onmessage: ((event: MessageEvent<ToRuntime>) => void) | null;
}

const MAX_VIEWS = 1000;
const DELAY_MS = 50;

/** Views that any page has told of, by their random numbers. */
const known = new Set<string>();

/** Python never heard of them. */
export const forgetViews = (): void => known.clear();

export class PageLine {
  /** Whether the view was told before, by a page that could not know that it had been heard. */
  _repeated = false;
  /** Whether the view has been sent for the first time. */
  _flushed = false;
  /** Whether the page is gone, perhaps into the back/forward cache: a shared worker's message would throw it out there. */
  away = false;
  /** Whom to tell what of it is taken, besides itself. */
  heard: ((taken: Extract<ToPage, { kind: "taken" }>) => void) | undefined;
  /** What of it nobody is known to have. */
  ledger = new Ledger();

  constructor(
    readonly id: number,
    readonly _port: Port,
    hear: (message: ToRuntime) => void,
  ) {
    _port.onmessage = ({ data }) => {
      if (this._isNews(data)) hear(data);
    };
    this.later({ kind: "up" });
  }

  /** Not at once: what the page has posted by now may end with its leave. */
  later(message: ToPage): void {
    setTimeout(() => this.post(message), DELAY_MS);
  }

  post(message: ToPage): void {
    if (!this.away) this._port.postMessage(message);
  }

  /** Whether this is the first time that it is asked about the view. */
  firstFlush(): boolean {
    return !this._flushed && (this._flushed = true);
  }

  _isNews(message: ToRuntime): boolean {
    if (/hold|answer|ping|legacy/.test(message.kind)) return !(this.away = false);
    this.ledger.add(message);
    if (message.kind == "leave" && message.gone) this.away = true;
    if (message.kind == "hello" || "id" in message) this.away = false;
    if (message.kind == "hello") {
      this._flushed = false;
      this._repeated = !this.heard && known.has(message.view); // who wants to hear of it, tells all of it
      if (known.add(message.view).size > MAX_VIEWS) known.clear();
    }
    return !this._repeated || "id" in message || message.kind == "otlp";
  }
}
