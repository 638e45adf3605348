// SPDX-License-Identifier: MIT OR Apache-2.0
// What one line has told a runtime, until the runtime's word that it is taken; and what another would have to be told.
import { Preface } from "./preface";
import type { ToPage, ToRuntime } from "./protocol";

type Taken = Extract<ToPage, { kind: "taken" }>;

/** As storage takes them. */
export const written = (messages: unknown): string =>
  JSON.stringify(messages, (_key, value) => (value instanceof Float64Array ? Array.from(value) : (value as unknown)));

/** Only of these anything becomes. */
const NEWS = /hello|entries|span|attribute/;

export class Ledger {
  _told: ToRuntime[] = [];
  _taken = 0;
  readonly _preface = new Preface();

  get length(): number {
    return this._told.length;
  }

  add(message: ToRuntime): void {
    this._told.push(message);
  }

  /** The first `count` messages are somebody else's now. */
  take({ count, first, documents }: Taken): void {
    for (const message of this._told.splice(0, count - this._taken)) this._preface.take(message);
    this._taken = count;
    this._preface.reach(first, documents);
  }

  /** Those that have to be told again; none if nothing of them would become a span. */
  messages(): ToRuntime[] {
    const told = this._told.filter((message) => !("id" in message) && !/otlp|body/.test(message.kind));
    if (!this._preface.owes && !told.some((message) => NEWS.test(message.kind))) return [];
    return [...this._preface.messages(), ...told];
  }

  /** All that a runtime which has forgotten everything has to be told. */
  again(): ToRuntime[] {
    return [...this._preface.messages(), ...this._told.filter((message) => !/otlp|body/.test(message.kind))];
  }

  /** Questions that nobody has answered yet. */
  questions(): ToRuntime[] {
    return this._told.filter((message) => "id" in message);
  }
}
