// SPDX-License-Identifier: MIT OR Apache-2.0
// Whether a runtime is alive, while it owes something: it is asked every second, and any word of it counts. Ticks are counted,
// not time: a page that was frozen has had none meanwhile.

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
  _ready = false;
  _broken: ((cause: string) => void) | undefined;

  constructor(readonly _ask: () => void) {}

  /** Of another runtime from now on. */
  over(broken: (cause: string) => void): void {
    this._broken = broken;
    this._ready = false;
    this._silent = 0;
  }

  start(): void {
    this._timer ??= setInterval(() => this._tick(), Limit.TICK_MS);
  }

  /** `ready`: whether Python runs, as far as is known. */
  alive(ready: boolean): void {
    this._ready = ready;
    this._silent = 0;
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
  }

  _tick(): void {
    if (this._silent++ < (this._ready ? Limit.TICKS : Limit.FIRST_TICKS)) return this._ask();
    if (this.hangs == Limit.HANGS) return this.stop();
    this.hangs++;
    this._broken?.("the runtime hangs");
  }
}
