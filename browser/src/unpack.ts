// SPDX-License-Identifier: MIT OR Apache-2.0
// The runtime's half of packing: what would cost the loader bytes is put right here, before Python sees it.
import { browserFacts } from "./browser-info";
import { Row, type Clock, type ToRuntime } from "./protocol";

type Entries = Extract<ToRuntime, { kind: "entries" }>;
/** `mark`: the page has told `count` messages by now. */
export type Told = ToRuntime | { kind: "mark"; count: number };
interface ServerTiming {
  name: string;
  duration: number;
  description: string;
}

/** The first and the last of a row's times of a fetch, from workerStart to responseEnd. */
const enum Fetch {
  FIRST = 3,
  LAST = 15,
}

const enum Limit {
  DRIFT_MS = 1000,
}

/** Unix ms of the page's time zero: timeOrigin, unless the machine has slept since (its clock went on, `now()` did not). */
export const originOf = ({ origin, anchor }: Clock): number =>
  Math.abs(anchor - origin) < Limit.DRIFT_MS ? origin : anchor;

/**
 * Unix ms when it was said, by the clock that is ahead, and a little later: Date.now() is coarser. By this time ends are bounded,
 * whoever reads it, and whenever; 0 if it does not say.
 */
export const nowOf = ({ origin, anchor, at }: Clock): number => (at ? Math.ceil(Math.max(origin, anchor) + at) + 1 : 0);

/** Only navigations have a type, only paints a name that is no URL. */
export function kindOf(name: string, type: string): number {
  if (type) return type == "restore" ? 3 : 1;
  return name.startsWith("first-") ? 2 : 0;
}

/** As the header writes them: name;dur=12.5;desc=text, joined by ", ". */
export function metrics(json: string): string {
  if (!json) return "";
  const timings = JSON.parse(json) as ServerTiming[];
  return timings.map((one) => `${one.name};dur=${one.duration};desc=${one.description}`.replace(/\n/g, " ")).join(", ");
}

/** Out of storage a Float64Array comes as an object (storage.ts) or an array (ledger.ts). */
export const floats = (numbers: Float64Array): Float64Array =>
  numbers instanceof Float64Array ? numbers : Float64Array.from(Object.values(numbers));

/** Rounds a row's times of a fetch to microseconds, as Python would, in a thirtieth of the time. */
function round(numbers: Float64Array, row: number): void {
  for (let at = row + Fetch.FIRST; at <= row + Fetch.LAST; at++)
    numbers[at] = Math.floor(numbers[at]! * 1000 + 0.5) / 1000;
}

/** The same with each row's kind, times and Server-Timing text. */
export function complete(message: Entries): Entries {
  const numbers = floats(message.numbers).slice();
  const lines = message.text.split("\n");
  for (let row = 0; row * Row.STRINGS < lines.length; row++) {
    const at = row * Row.STRINGS;
    round(numbers, row * Row.NUMBERS);
    numbers[row * Row.NUMBERS] = kindOf(lines[at + Row.NAME] ?? "", lines[at + Row.TYPE] ?? "");
    lines[at + Row.SERVER_TIMING] = metrics(lines[at + Row.SERVER_TIMING] ?? "");
  }
  return { ...message, numbers, text: lines.join("\n") };
}

const hex = (base64: string): string =>
  [...atob(base64)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** Any other message, as Python reads it: `bytes.fromhex` needs no module. */
export function written(message: Told): string {
  if (message.kind == "otlp") return JSON.stringify({ ...message, body: hex(message.body) });
  if (message.kind == "hello") return JSON.stringify({ ...message, page: { ...message.page, ...browserFacts() } });
  return JSON.stringify(message.kind == "span" ? { ...message, origin: originOf(message), now: nowOf(message) } : message);
}
