// SPDX-License-Identifier: MIT OR Apache-2.0
// What a runtime that outlives its pages has been told and has not delivered, in IndexedDB: it may be killed with its browser,
// or an outage may outlast both. One record for each page's line. Where there is no IndexedDB, nothing is kept.
import { attempt } from "./guard";
import { written } from "./ledger";
import type { ToRuntime } from "./protocol";
import { coverOf, markOf } from "./redact";

const enum Limit {
  CHARACTERS = 4_194_304,
  AGE_MS = 86_400_000,
}
const STORE = "views";
interface Item {
  readonly owner: string;
  readonly tag: string;
  readonly at: number;
  /** JSON of the messages, without the secrets in them. */
  readonly text: string;
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class Disk {
  /** Of one runtime; a lock of that name says that it lives. Not before it has put something: Firefox keeps a page whose worker
   * has a lock out of the back/forward cache. */
  _owner = "";
  _release: (() => void) | undefined;
  readonly _sizes = new Map<string, number>();
  _opened: Promise<IDBDatabase> | undefined;
  /** Lines whose records found no room, or were too old when they were found. */
  dropped = 0;
  readonly _cover: (json: string) => string;
  readonly _tag: string;

  /** `tag`: what the runtime is configured by; another's records are left alone. */
  constructor(tag: string) {
    this._cover = coverOf(tag);
    this._tag = markOf(tag);
    this.leave();
  }

  /** What is there belongs to nobody any more, and to whoever restores it. */
  leave(): void {
    this._release?.();
    this._release = undefined;
    this._sizes.clear();
    this._owner = `edgetrace ${Math.random()}`;
  }

  /** Until it is released, before it is granted perhaps. */
  _lock(): void {
    const released = new Promise<void>((resolve) => (this._release = resolve));
    void navigator.locks?.request(this._owner, () => released);
  }

  /** Puts `messages` in place of the line's record; none erase it. */
  async put(line: number, messages: ToRuntime[]): Promise<void> {
    const key = `${this._owner} ${line}`;
    if (!messages.length && !this._sizes.has(key)) return;
    if (!this._release) this._lock();
    this._sizes.delete(key);
    const text = this._cover(written(messages));
    if (messages.length) this._sizes.set(key, text.length);
    const item: Item = { owner: this._owner, tag: this._tag, at: Date.now(), text };
    await this._do((store) => {
      if (messages.length) store.put(item, key);
      else store.delete(key);
      for (const [oldest] of this._sizes) {
        if ([...this._sizes.values()].reduce((sum, size) => sum + size, 0) <= Limit.CHARACTERS) break;
        this._sizes.delete(oldest);
        store.delete(oldest);
        this.dropped++;
      }
    });
  }

  /** Takes the records of runtimes that are no more, oldest first. */
  async restore(): Promise<ToRuntime[][]> {
    const locks = (await navigator.locks?.query())?.held ?? [];
    const living = new Set([this._owner, ...locks.map(({ name }) => name)]);
    const found: Item[] = [];
    await this._do(async (store) => {
      for (const key of await done(store.getAllKeys())) {
        const item = (await done(store.get(key))) as Item;
        const old = Date.now() - item.at > Limit.AGE_MS;
        if (!old && (living.has(item.owner) || item.tag != this._tag)) continue;
        store.delete(key);
        if (old) this.dropped++;
        else found.push(item);
      }
    });
    return found.sort((one, other) => one.at - other.at).map((item) => attempt(() => JSON.parse(item.text) as ToRuntime[]) ?? []);
  }

  /** `stop()`: nothing of ours stays. */
  async clear(): Promise<void> {
    this._sizes.clear();
    await this._do((store) => void store.clear());
  }

  async _do(work: (store: IDBObjectStore) => unknown): Promise<void> {
    try {
      this._opened ??= this._open();
      const transaction = (await this._opened).transaction(STORE, "readwrite", { durability: "relaxed" });
      await work(transaction.objectStore(STORE));
      transaction.commit(); // by itself it would wait for this thread, which starts Python
      await new Promise((resolve) => (transaction.oncomplete = transaction.onabort = resolve));
    } catch {
      // private windows, full disks, blocked storage
    }
  }

  _open(): Promise<IDBDatabase> {
    const opening = indexedDB.open("edgetrace", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    return done(opening);
  }
}
