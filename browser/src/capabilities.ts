// SPDX-License-Identifier: MIT OR Apache-2.0
// What a browser can do is found out by trying. `data-debug-capabilities` forbids what it does not list, so that every
// rung of docs/delivery.md can be walked in one browser.

type Capability = "shared" | "extended" | "dedicated" | "fetchlater" | "keepalive" | "storage" | "wasm";
export type May = (what: Capability) => boolean;

/** What a runtime is configured by, whatever its version: the tag's attributes, out of its name. */
export const tagOf = (name: string): string => JSON.stringify((JSON.parse(name) as unknown[])[1]);

/** `name`: the runtime's, which holds the tag's attributes. */
export function capabilities(name: string): May {
  const [, entries] = JSON.parse(name) as [string, [string, string][]];
  const listed = new Map(entries).get("debugCapabilities")?.split(/[\s,]+/);
  return (what) => !listed || listed.includes(what);
}
