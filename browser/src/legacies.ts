// SPDX-License-Identifier: MIT OR Apache-2.0
// What other pages left on the shelf while this one was already speaking, until a runtime has it.
import type { ToRuntime } from "./protocol";
import { isLast, type Shelf } from "./shelf";

const enum Wait {
  /** A little more than shelf.ts has patience. */
  AGAIN_MS = 5_500,
  /** A page that goes writes more than once. */
  LAST_MS = 200,
}

export class Legacies {
  /** How many messages came off the shelf. */
  _count = 0;
  /** By the number that the runtime names when it has them. */
  readonly _told = new Map<number, ToRuntime[]>();
  /** What was there before this page spoke. */
  readonly _first: ToRuntime[];

  /** `look`: called when there may be more; must not throw. */
  constructor(
    readonly _shelf: Shelf,
    look: () => void,
  ) {
    this._first = this._restore();
    if (_shelf.left) setTimeout(look, Wait.AGAIN_MS);
    // A page may go while the next one starts, and write after that has looked.
    addEventListener("storage", (event) => isLast(event) && setTimeout(look, Wait.LAST_MS));
  }

  _restore(): ToRuntime[] {
    const found = this._shelf.restore();
    this._count += found.length;
    return found;
  }

  /** What has come since: requests as they are, words as another's. */
  _find(): ToRuntime[] {
    const requests: ToRuntime[] = [];
    const messages: ToRuntime[] = [];
    for (const one of this._restore()) (one.kind == "otlp" ? requests : messages).push(one);
    if (messages[0]) {
      this._told.set(this._count, messages);
      requests.push({ kind: "legacy", legacy: this._count, messages });
    }
    return requests;
  }

  /** All of it, for a runtime that has not heard it. */
  _words(): ToRuntime[] {
    return [...this._told].map(([legacy, messages]) => ({ kind: "legacy", legacy, messages }));
  }
}
