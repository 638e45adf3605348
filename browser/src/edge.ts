// SPDX-License-Identifier: MIT OR Apache-2.0
// data-runtime="edge": no Python in the browser. The page's line ends here, on the page, and what it says is beaconed to
// the gateway, whose Python makes spans of it. A module of its own, which only pages with that attribute load.
import { Beacon } from "./beacon";
import { EdgeView } from "./edge-view";
import { coverOf } from "./redact";
import type { Counters, ToPage, ToRuntime } from "./protocol";
import type { Where } from "./script-url";

interface Line {
  onmessage: ((event: { data: ToPage }) => void) | null;
  postMessage(message: ToRuntime): void;
}

function line(name: string): Line {
  const [, entries] = JSON.parse(name) as [string, [string, string][]];
  const options = Object.fromEntries(entries);
  const say = (data: ToPage): void => port.onmessage?.({ data });
  const beacon = new Beacon(options["endpoint"] ?? "", (text) => {
    if ("debug" in options) say({ kind: "debug", text: `[edgetrace] ${text}` });
  });
  const counters = (): Counters => ({ ...beacon.counters, waiting: beacon.waiting });
  let view: EdgeView | undefined;

  function cut(leaving: boolean, now = leaving): Promise<void> {
    for (const text of view?.cut(leaving) ?? []) beacon.offer(text);
    return beacon.send(now);
  }

  function hear(message: ToRuntime): void {
    switch (message.kind) {
      case "hello":
        void cut(true);
        view = new EdgeView(message, options, coverOf(name));
        break;
      case "entries":
        view?.entries(message);
        break;
      case "span":
        view?.span(message);
        break;
      case "attribute":
        view?.attribute(message);
        break;
      case "body":
        beacon.offer(message.text, message.at);
        break;
      case "boot":
        void cut(false);
        break;
      case "leave":
        void cut(true);
        break;
      case "flush":
        void cut(false, true).then(() => say({ kind: "flushed", id: message.id, counters: counters() }));
        break;
      case "counters":
        say({ kind: "counters", id: message.id, counters: counters() });
        break;
      case "stop":
        beacon.clear();
        view = undefined;
    }
  }

  const port: Line = {
    onmessage: null,
    postMessage(message) {
      try {
        hear(message);
      } catch (error) {
        beacon.counters.failed_messages++;
        beacon.counters.failed_message = `${error}`;
      }
    },
  };
  // After the loader's own listener, whose last words are thus cut. (A `leave` may be one out of storage.)
  addEventListener("pagehide", () => beacon.keep(), true);
  return port;
}

/** As the worker's `fallback`: there is one rung, and it holds. */
export function fallback(_url: string, name: string, use: (where: Where, port: Line) => void): void {
  const port = line(name);
  use("edge", port);
  // From here on what the page says is ours to deliver or to keep.
  port.onmessage?.({ data: { kind: "up" } });
}
