// SPDX-License-Identifier: MIT OR Apache-2.0
// Whether a runtime is alive, while it owes something: it is asked every second, and any word of it counts. Ticks are counted,
// not time: a page that was frozen has had none meanwhile.
//
// Chromium 156 crashes when a page is thrown out of the back/forward cache whose worker imports a module, and with it the page
// that came after it in its process. So a worker that goes there before Python runs in it ends, and another one starts should
// its page come back.
import { on } from "./guard";

/** A worker that is the page's alone can be ended. */
export interface Watched {
  terminate?(): void;
}
const enum Limit {
  TICK_MS = 1_000,
  TICKS = 5,
  /** Until Python runs: its start may take that much of a slow machine. */
  FIRST_TICKS = 30,
  /** A machine that is that slow gains nothing from more of them. */
  HANGS = 2,
}

export class Watch {
  hangs = 0;
  _timer: ReturnType<typeof setInterval> | undefined;
  _silent = 0;
  _ready: boolean | undefined = false;
  _broken: ((cause: string) => void) | undefined;
  _watched: Watched | undefined;

  constructor(readonly _ask: () => void) {
    for (const type of ["pagehide", "pageshow"])
      on(type, ({ persisted }) => {
        if (!persisted || this._ready || !this._watched?.terminate) return;
        if (type == "pagehide") this._watched.terminate();
        else this._broken!("");
      });
  }

  /** Of another runtime from now on; `broken`: called when it hangs or was ended, with the cause if there is one. */
  over(watched: Watched, broken: (cause: string) => void): void {
    this._watched = watched;
    this._broken = broken;
    this._ready = false;
    this._silent = 0;
  }

  start(): void {
    this._timer ??= setInterval(() => this._tick(), Limit.TICK_MS);
  }

  /** `ready`: whether its word shows that Python runs. */
  alive(ready?: boolean): void {
    this._ready ||= ready;
    this._silent = 0;
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
  }

  /** Of none any more: what is ended now has nobody in its place. */
  end(): void {
    this.stop();
    this._watched = undefined;
  }

  _tick(): void {
    if (this._silent++ < (this._ready ? Limit.TICKS : Limit.FIRST_TICKS)) return this._ask();
    if (this.hangs == Limit.HANGS) return this.stop();
    this.hangs++;
    this._broken?.("the runtime hangs");
  }
}
