// SPDX-License-Identifier: MIT OR Apache-2.0
// What one line has told a runtime, until the runtime's word that it is taken; and what another would have to be told.
import { Preface } from "./preface";
import type { ToPage, ToRuntime } from "./protocol";

type Taken = Extract<ToPage, { kind: "taken" }>;

const enum Limit {
  /** Of entries in an outage that does not end: some MB. Those behind them are not kept until all is taken. */
  MESSAGES = 2_000,
}
/** Only of these anything becomes; and questions want an answer. */
const NEWS = /hello|entries|span|attribute|leave|end/;

/** As storage takes them. */
export const written = (messages: unknown): string =>
  JSON.stringify(messages, (_key, value) => (value instanceof Float64Array ? Array.from(value) : (value as unknown)));

export class Ledger {
  /** Each with its number on the line; the words that hold a line (hold, answer, ping, legacy) have none. */
  _told: [number, ToRuntime][] = [];
  _count = 0;
  _full = false;
  readonly _preface = new Preface();

  get length(): number {
    return this._told.length;
  }

  add(message: ToRuntime): void {
    this._count++;
    if (!NEWS.test(message.kind) && !("id" in message)) return;
    this._full ||= this._told.length >= Limit.MESSAGES;
    // A load that was left ended there, whoever is told of what came behind it.
    if (!this._full) this._told.push([this._count, message.kind == "leave" ? { kind: "end" } : message]);
  }

  /**
   * The first `count` messages are somebody else's now. None is let go of while the view's documents have yet to go out: a load
   * that was left ends with the last row that its runtime has heard of, and paints are on documentLoad.
   */
  take({ count, first, documents }: Taken): void {
    if (!documents) return;
    while (this._told[0] && this._told[0][0] <= count) this._preface.take(this._told.shift()![1]);
    this._preface.reach(first, documents);
    if (count >= this._count) this._full = false;
  }

  /** Those that have to be told again; none if nothing of them would become a span. */
  messages(): ToRuntime[] {
    const told = this._messages().filter((message) => !("id" in message));
    return told.some(({ kind }) => kind != "end") || this._preface.owes ? [...this._preface.messages(), ...told] : [];
  }

  /** What comes before those that are not taken. */
  get preface(): ToRuntime[] {
    return this._preface.messages();
  }

  /** All that a runtime which has forgotten everything has to be told. */
  again(): ToRuntime[] {
    return [...this._preface.messages(), ...this._messages()];
  }

  /** Those that nobody has answered yet. */
  questions(): ToRuntime[] {
    return this._messages().filter((message) => "id" in message);
  }

  _messages(): ToRuntime[] {
    return this._told.map(([, message]) => message);
  }
}
