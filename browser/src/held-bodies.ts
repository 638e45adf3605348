// SPDX-License-Identifier: MIT OR Apache-2.0
// Requests that a runtime has handed to its page, each known by its bytes: sent at once, kept until an answer says that no
// other try is needed. When to try again is the runtime's to say. One that was too large is kept until both of its halves,
// which the runtime makes of it, have been handed over, too.
//
//   handed --fetch, keepalive while there is room--> answered: gone, or kept for the runtime's next try
//      `--page goes--> what has no keepalive: once more with it, else by fetchLater
import { attempt } from "./guard";
import { isTransient, Keepalive, type Answer } from "./keepalive";
import type { Otlp, ToPage } from "./protocol";

type Request = Extract<ToPage, { kind: "request" }>;
interface Body extends Otlp {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly url: string;
  /** Tries under way that end with the page. */
  tied: number;
  /** Out of storage: no runtime knows the spans in it, and none can split it. */
  readonly whole: boolean | undefined;
  /** It was too large: how many spans are in those halves that are not here yet. */
  halves?: number[];
}
const TOO_LARGE = 413;
type FetchLater = (url: string, init: RequestInit) => unknown;

const base64 = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

/** Those that say what a body is. Others may hold keys, and whoever sends it next has its own. */
const ofBody = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("content-")));

export class HeldBodies {
  readonly _bodies = new Map<string, Body>();
  readonly _abort = new AbortController();
  readonly counters = { held_requests: 0, held_delivered: 0, held_later: 0 };

  constructor(
    readonly _quota: Keepalive,
    readonly _mayLater: boolean,
  ) {}

  /** Those that are not known to be delivered, as storage and another runtime take them. */
  undelivered(): Otlp[] {
    return [...this._bodies.values()].map(({ kind, body, headers, spans, at }) => ({ kind, body, headers: ofBody(headers), spans, at }));
  }

  /** Out of storage: the runtime is told of it, and will hand it back. */
  keep(one: Otlp): void {
    const bytes = Uint8Array.from(atob(one.body), (character) => character.charCodeAt(0));
    this._bodies.set(one.body, { ...one, bytes, url: "", tied: 0, whole: true });
  }

  async send({ url, headers, body: bytes, spans }: Request): Promise<Answer> {
    const text = base64(bytes);
    const before = this._bodies.get(text);
    const { at = Date.now(), whole } = before ?? {};
    const body: Body = { kind: "otlp", body: text, headers, spans, at, bytes, url, tied: 0, whole };
    this._bodies.set(text, body);
    if (!before) this._replace(spans);
    this.counters.held_requests++;
    const answer = await this._post(body);
    if (answer.ok) this.counters.held_delivered++;
    if (answer.status == TOO_LARGE && spans > 1 && !whole) body.halves = [spans >> 1, spans - (spans >> 1)];
    else if (!isTransient(answer.status)) this._bodies.delete(text);
    return answer;
  }

  /** A new request of so many spans is here: it may be half of one that was too large. */
  _replace(spans: number): void {
    for (const [text, { halves }] of this._bodies) {
      const at = halves?.indexOf(spans) ?? -1;
      if (at < 0) continue;
      halves!.splice(at, 1);
      if (!halves!.length) this._bodies.delete(text);
      return;
    }
  }

  /** The page goes: what is on its way without keepalive would go with it. */
  part(): void {
    for (const body of this._bodies.values()) {
      if (!body.tied) continue;
      if (this._quota.hasRoom(body.bytes.length)) void this._post(body).catch(() => undefined);
      else if (this._mayLater) attempt(() => this._later(body));
    }
  }

  clear(): void {
    this._bodies.clear();
    this._abort.abort();
  }

  async _post(body: Body): Promise<Answer> {
    const { url, headers, bytes } = body;
    const tied = this._quota.hasRoom(bytes.length) ? 0 : 1;
    body.tied += tied;
    try {
      return await this._quota.post(url, bytes.length, {
        headers,
        body: bytes,
        redirect: "manual",
        signal: this._abort.signal,
      });
    } finally {
      body.tied -= tied;
    }
  }

  _later({ url, headers, bytes }: Body): void {
    const { fetchLater } = window as { fetchLater?: FetchLater };
    if (fetchLater?.(url, { method: "POST", headers, body: bytes })) this.counters.held_later++;
  }
}
