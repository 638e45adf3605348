// SPDX-License-Identifier: MIT OR Apache-2.0
// What a page and its runtime say to each other; both sides import these types, nobody else speaks.
//
//   page    hello  entries*  span*  attribute*      boot   flush -> flushed   counters -> counters   leave   stop
//   worker  up (connected; to boot and flush)       taken   failed (Python will not run)   debug
//
// Where the runtime dies with its pages (held-line.ts) they also say:
//
//   page    hold   answer   ping -> up              otlp, legacy (out of storage)   end
//   worker  request -> answer
//
// With data-runtime="edge" the runtime is edge.ts, on the page; what it says to the gateway is docs/raw-entries.md. Out of
// storage it is told body.

/** Order of the numbers in one packed row. `kind`: 0 resource, 1 navigation, 2 paint, 3 bfcache restore. */
export const NUMBERS =
  /* @__PURE__ */ "kind,startTime,duration,workerStart,redirectStart,redirectEnd,fetchStart,domainLookupStart,domainLookupEnd,connectStart,secureConnectionStart,connectEnd,requestStart,firstInterimResponseStart,responseStart,responseEnd,transferSize,encodedBodySize,decodedBodySize,responseStatus,unloadEventStart,unloadEventEnd,domInteractive,domContentLoadedEventStart,domContentLoadedEventEnd,domComplete,loadEventStart,loadEventEnd,redirectCount,activationStart".split(
    ",",
  );

/** Order of the strings in one packed row. */
export const STRINGS =
  /* @__PURE__ */ "name,initiatorType,nextHopProtocol,renderBlockingStatus,deliveryType,contentType,type,serverTiming".split(",");

/** The same order as numbers, for those who unpack: enums cost no bytes. */
export const enum Row {
  NUMBERS = 30,
  STRINGS = 8,
  KIND = 0,
  LOAD_EVENT_END = 27,
  NAME = 0,
  TYPE = 6,
  SERVER_TIMING = 7,
}

/** Facts of one page view; with `BrowserFacts` they are Python's `PageInfo`. */
export interface PageFacts {
  url: string;
  referrer: string;
  traceparent: string | undefined;
  visibility: string;
}
export interface BrowserFacts {
  user_agent: string;
  language: string;
  mobile: boolean | null;
  platform: string;
  brands: string[];
}

export type Attributes = Record<string, unknown>;
export type Counters = Record<string, number | string | boolean>;

/**
 * Unix ms of a page's time zero: performance.timeOrigin, and Date.now() - performance.now() when it was said; `at`, ms since then.
 */
export interface Clock {
  origin: number;
  anchor: number;
  at?: number; // out of storage, from an older version: absent
}

export type ToRuntime =
  /**
   * First word of each page view; again after a bfcache restore. `view`: 24 random bytes in decimal, from which all ids
   * follow; what comes twice counts once. `first`, `documents`: what of the view another runtime has taken.
   */
  | { kind: "hello"; view: string; page: PageFacts; first?: number; documents?: boolean }
  /** `numbers`: rows of NUMBERS. `text`: rows of STRINGS, joined by \n. */
  | ({ kind: "entries"; numbers: Float64Array; text: string } & Clock)
  /** `start`, `end`: ms since time zero. `attributes`, `value`: JSON, copied when the page said it. `error`: "" is none. */
  | ({ kind: "span"; name: string; start: number; end: number; attributes: string; error: string } & Clock)
  | { kind: "attribute"; key: string; value: string }
  /** The page is loaded and idle: Python may start. `leave`, `flush` start it too. */
  | { kind: "boot"; gone?: boolean }
  | { kind: "flush" | "counters"; id: number }
  /** The page is hidden or (`gone`) going away: finish the view and send. */
  | { kind: "leave"; gone: boolean }
  /** There the page had left, for whoever is told again: nobody starts for that. */
  | { kind: "end" }
  /** Erase what is queued, collect no more. */
  | { kind: "stop" }
  /** Out of storage: what an earlier page view had ready for the gateway at `at`, Unix ms, and does not know delivered. */
  | { kind: "body"; text: string; at: number }
  | Otlp
  /** The page stands between: requests are handed to it, and what is in them is told by `taken`. */
  | { kind: "hold" }
  /** What another page has left, found when this one's view had begun; it is taken all at once. */
  | { kind: "legacy"; legacy: number; messages: ToRuntime[] }
  | { kind: "ping" }
  /** To a `request`: what came, or why nothing did. */
  | {
      kind: "answer";
      request: number;
      error?: string;
      status?: number;
      headers?: [string, string][];
      body?: ArrayBuffer;
    };

/** A finished request that is not known to be delivered. `body`: base64. `at`: Unix ms. */
export interface Otlp {
  readonly kind: "otlp";
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly spans: number;
  readonly at: number;
}

export type ToPage =
  /** `ready`: whether Python runs. */
  | { kind: "up"; ready?: boolean }
  /** `keep`: the next page view may fare better. */
  | { kind: "failed"; cause: string; keep?: boolean }
  | { kind: "debug"; text: string }
  | { kind: "flushed" | "counters"; id: number; counters: Counters }
  | {
      kind: "request";
      request: number;
      url: string;
      headers: Record<string, string>;
      body: Uint8Array<ArrayBuffer>;
      spans: number;
    }
  /**
   * The page's first `count` messages are in requests, or delivered by who outlives it; for another runtime, its view's `hello` says the
   * rest, and `preface` is what such a one is told in their place.
   */
  | { kind: "taken"; count: number; first: number; documents: boolean; legacy?: number; preface?: ToRuntime[] };
