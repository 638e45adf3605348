// SPDX-License-Identifier: MIT OR Apache-2.0
// window.edgetrace. Calls made before the script has run are kept in an array under the same name:
//
//   (window.edgetrace ||= []).push(["setAttribute", "user.tier", "gold"])
import { seen } from "./collect";
import { version } from "./config";
import { ask, state } from "./connect";
import { attempt, failure } from "./guard";
import { handOverAll, stop } from "./lifecycle";
import { clock } from "./pack";
import type { Attributes, Counters } from "./protocol";
import { tell } from "./view";

interface OpenSpan {
  setAttribute(key: string, value: unknown): void;
  end(error?: unknown): void;
}
type Work = (span: OpenSpan) => unknown;

function openSpan(name: string, attributes: Attributes): OpenSpan {
  const start = performance.now();
  let ended = false;
  return {
    setAttribute: (key, value) => void (attributes[key] = value),
    end: (error) =>
      attempt(() => {
        if (ended) return;
        ended = true;
        const times = { ...clock(), start, end: performance.now() };
        tell({ kind: "span", name: `${name}`, ...times, attributes: JSON.stringify(attributes), error: `${error ?? ""}` });
      }),
  };
}

/** Ends with `work`, or by `.end()` where there is none; what `work` returns or throws is the caller's. */
function span(name: string, attributes?: Attributes | Work, work?: Work): unknown {
  if (typeof attributes == "function") return span(name, {}, attributes as Work);
  const opened = openSpan(name, { ...attributes });
  if (!work) return opened;
  try {
    const result = work(opened);
    if (result instanceof Promise) result.then(() => opened.end(), opened.end);
    else opened.end();
    return result;
  } catch (error) {
    opened.end(error);
    throw error;
  }
}

async function counters(kind: "flush" | "counters"): Promise<Counters> {
  return { ...(await ask(kind)), ...state, seen, failure };
}

export const api = {
  version,
  span,
  setAttribute(key: string, value: unknown): void {
    attempt(() => tell({ kind: "attribute", key: `${key}`, value: JSON.stringify(value) }));
  },
  flush: (): Promise<Counters> => (attempt(handOverAll), counters("flush")),
  counters: (): Promise<Counters> => counters("counters"),
  stop,
  push(...calls: [string, ...unknown[]][]): void {
    for (const [method, ...given] of calls)
      attempt(() => (api as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(...given));
  },
};
