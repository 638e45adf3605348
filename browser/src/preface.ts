// SPDX-License-Identifier: MIT OR Apache-2.0
// What a runtime has to be told of a view whose beginning another one has taken: who it is, how far it has come, which trace
// it is in. With that and the messages behind it, any runtime gives the rest of the spans, under the ids that they have anyway.
import { Row, type ToRuntime } from "./protocol";

type Hello = Extract<ToRuntime, { kind: "hello" }>;

export class Preface {
  _hello: Hello | undefined;
  _attributes: ToRuntime[] = [];
  _navigation: ToRuntime | undefined;

  /** Whether the view's documents have yet to go out. */
  get owes(): boolean {
    return !!this._hello && !!this._navigation && !this._hello.documents;
  }

  /** Follows a message that a runtime has taken. */
  take(message: ToRuntime): void {
    if (message.kind == "hello") {
      this._hello = message;
      this._attributes = [];
      this._navigation = undefined;
    } else if (message.kind == "attribute") this._attributes.push(message);
    else if (message.kind == "entries" && message.text.split("\n")[Row.TYPE]) this._navigation = message;
  }

  /** The runtime's word on what it has taken so far. */
  reach(first: number, documents: boolean): void {
    if (this._hello) this._hello = { ...this._hello, first, documents };
  }

  /** In the order in which a view begins. */
  messages(): ToRuntime[] {
    return [this._hello, ...this._attributes, this._navigation].filter((message) => !!message);
  }
}
