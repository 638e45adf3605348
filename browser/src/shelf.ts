// SPDX-License-Identifier: MIT OR Apache-2.0
// What a page on a lower rung has not delivered, in localStorage: one item for each page view, so that pages which live side
// by side do not write over each other. The next page view of the origin reads, erases and tells it.
import { attempt } from "./guard";
import { written } from "./ledger";
import type { ToRuntime } from "./protocol";
import { coverOf, markOf } from "./redact";

const enum Limit {
  /** Of all items; a tenth or a fifth of what browsers give an origin. */
  CHARACTERS = 1_048_576,
  AGE_MS = 86_400_000,
  /** A page that lives delivers by itself: only when nothing has been heard of it for so long, others do. */
  PATIENCE_MS = 5_000,
}
const PREFIX = "edgetrace:";
interface Item {
  tag: string;
  at: number;
  gone: boolean;
  messages: ToRuntime[];
}

const keys = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

/** Whether somebody has just written for the last time. */
export const isLast = ({ key, newValue }: StorageEvent): boolean =>
  !!key?.startsWith(PREFIX) && !!newValue?.includes('"gone":true');

export class Shelf {
  readonly _cover: (json: string) => string;
  readonly _tag: string;
  readonly _key = PREFIX + Math.random();
  /** Whether something of this page view is there. */
  used = false;
  /** Messages that found no room, or were too old when they were found. */
  dropped = 0;
  /** Whether others' were left alone when it was last looked for them: they may be of pages that live. */
  left = false;
  /** Others', read and not yet saved as ours. */
  _read: string[] = [];

  /** `_may`: whether the browser has storage. `tag`: what the runtime is configured by; another's items are left alone. */
  constructor(
    readonly _may: boolean,
    tag: string,
  ) {
    this._cover = coverOf(tag);
    this._tag = markOf(tag);
  }

  /** Reads what others have left, oldest first; erased by the next `save`, which is to have it. */
  restore(): ToRuntime[] {
    this.left = false;
    const items = attempt(() => (this._may ? keys().filter((key) => key != this._key).map((key) => this._take(key)) : [])) ?? [];
    return items
      .filter((item) => !!item)
      .sort((one, other) => one.at - other.at)
      .flatMap((item) => item.messages);
  }

  /**
   * Puts `messages` in place of what this page view has kept; those at the end go first where there is no room. In one step, and
   * only then erases what it stands for: a browser that closes a tab may end its page at any moment.
   */
  save(messages: readonly ToRuntime[], gone: boolean): void {
    const old = [this._key, ...this._read.splice(0)];
    if (!this._may || (!messages.length && !this.used && !old[1])) return;
    let count = messages.length;
    while (count && !this._put(messages.slice(0, count), gone, old)) {
      this.dropped += count - (count >> 1);
      count >>= 1;
    }
    this.used = count > 0;
    attempt(() => old.slice(count ? 1 : 0).forEach((key) => localStorage.removeItem(key)));
  }

  /** `stop()`: nothing of ours stays. */
  clear(): void {
    if (this._may) attempt(() => keys().forEach((key) => localStorage.removeItem(key)));
  }

  /** What is compressed has no secrets, but may look like one. */
  _text(message: ToRuntime): string {
    if (message.kind != "otlp") return this._cover(written(message));
    return this._cover(written({ ...message, body: "" })).replace('"body":""', `"body":"${message.body}"`);
  }

  /** Whether there was room, which what is `old` does not take. */
  _put(messages: readonly ToRuntime[], gone: boolean, old: readonly string[]): boolean | undefined {
    const item = { tag: this._tag, at: Date.now(), gone };
    const text = `${written(item).slice(0, -1)},"messages":[${messages.map((message) => this._text(message))}]}`;
    return attempt(() => {
      const others = keys().filter((key) => !old.includes(key));
      if (others.reduce((sum, key) => sum + localStorage[key].length, text.length) > Limit.CHARACTERS) return false;
      localStorage[this._key] = text;
      return true;
    });
  }

  _take(key: string): Item | undefined {
    const item = attempt(() => JSON.parse(localStorage[key]) as Item);
    const age = Date.now() - (item?.at ?? 0);
    const young = item && age < Limit.AGE_MS;
    if (young && item.tag != this._tag) return undefined;
    if (young && !item.gone && age < Limit.PATIENCE_MS) {
      this.left = true;
      return undefined;
    }
    if (young) {
      this._read.push(key);
      return item;
    }
    localStorage.removeItem(key);
    this.dropped += item?.messages.length ?? 0;
    return undefined;
  }
}
