// SPDX-License-Identifier: MIT OR Apache-2.0
// One page view of data-runtime="edge": what the page has told becomes bodies, docs/raw-entries.md, each of which speaks
// for itself.
import { bytes } from "./beacon";
import { browserFacts } from "./browser-info";
import { Row, type Attributes, type ToRuntime } from "./protocol";
import { floats, kindOf, metrics, originOf } from "./unpack";

const enum Limit {
  BODY_BYTES = 49_152,
}
type Told<Kind> = Extract<ToRuntime, { kind: Kind }>;
interface Entry {
  kind: "entries";
  origin: number;
  numbers: number[];
  text: string;
}
type Item = Entry | { kind: "span"; origin: number };

const microseconds = (ms: number): number => Math.round(ms * 1000) / 1000;

/** 24 bytes, decimal: as `_view_ids.read_seed` has it. */
function idsOf(view: string): { trace: string; span: string } {
  const hex = view.replace(/\d+,?/g, (byte) => parseInt(byte).toString(16).padStart(2, "0"));
  return { trace: hex.slice(0, 32), span: hex.slice(32) };
}

/** Neighbours of one origin share a message. */
function joined(items: readonly Item[]): Item[] {
  const messages: Item[] = [];
  for (const item of items) {
    const last = messages[messages.length - 1];
    if (last && "text" in last && "text" in item && last.origin == item.origin) {
      last.numbers.push(...item.numbers);
      last.text += "\n" + item.text;
    } else messages.push("text" in item ? { ...item, numbers: [...item.numbers] } : item);
  }
  return messages;
}

export class EdgeView {
  readonly _ids: { trace: string; span: string };
  readonly _page: object;
  _attributes: Attributes = {};
  _navigation: Entry | undefined;
  _paints: Entry[] = [];
  _items: Item[] = [];
  _first = 0;
  _documentsOut = false;

  constructor(
    { view, page }: Told<"hello">,
    readonly _options: object,
    readonly _cover: (json: string) => string,
  ) {
    this._ids = idsOf(view);
    this._page = { ...page, ...browserFacts() };
  }

  entries(message: Told<"entries">): void {
    const numbers = Array.from(floats(message.numbers), microseconds);
    const lines = message.text.split("\n");
    while (lines.length >= Row.STRINGS) {
      const strings = lines.splice(0, Row.STRINGS) as [string, ...string[]];
      const kind = kindOf(strings[Row.NAME], strings[Row.TYPE] ?? "");
      strings[Row.SERVER_TIMING] = metrics(strings[Row.SERVER_TIMING] ?? "");
      const row = [kind, ...numbers.splice(0, Row.NUMBERS).slice(1)];
      const entry: Entry = { kind: "entries", origin: originOf(message), numbers: row, text: strings.join("\n") };
      if (kind == 2) this._paints.push(entry);
      else if (kind) this._navigation = entry;
      else this._items.push(entry);
    }
  }

  span({ anchor, origin, at: _at, ...said }: Told<"span">): void {
    this._items.push({ ...said, origin: originOf({ anchor, origin }) });
  }

  attribute({ key, value }: Told<"attribute">): void {
    this._attributes[key] = value && JSON.parse(value);
  }

  /** All that is new; with documentLoad, once, if the load has ended or the page is `leaving`. */
  cut(leaving: boolean): string[] {
    const navigation = this._navigation;
    const ended = navigation && (navigation.numbers[Row.KIND] == 3 || navigation.numbers[Row.LOAD_EVENT_END]);
    const documents = !this._documentsOut && !!(leaving || ended);
    if (!documents && !this._items.length) return [];
    this._documentsOut ||= documents;
    return this._bodies(documents, documents ? [...this._paints, ...this._items.splice(0)] : this._items.splice(0));
  }

  /** In halves until each fits. */
  _bodies(documents: boolean, items: Item[]): string[] {
    const body = {
      version: 1,
      ...this._ids,
      first: this._first,
      documents,
      now: Math.ceil(Math.max(Date.now(), performance.timeOrigin + performance.now())) + 1,
      options: this._options,
      page: this._page,
      navigation: this._navigation ?? null,
      attributes: this._attributes,
      messages: joined(items),
    };
    const text = this._cover(JSON.stringify(body));
    const half = items.length >> 1;
    if (half && bytes(text) > Limit.BODY_BYTES)
      return [...this._bodies(documents, items.slice(0, half)), ...this._bodies(false, items.slice(half))];
    this._first += items.length;
    return [text];
  }
}
