// SPDX-License-Identifier: MIT OR Apache-2.0
// The runtime's module. Where it is loaded decides who it serves: every page of the origin, one page, or (imported by the
// loader) whoever `fallback` finds.
import { Host } from "./host";
import { importModule } from "./import-module";

/** The lower rungs, for pages that have to walk down: `fallback` in a module of its own, so that nobody else pays for it. */
export const fallback = async (...given: unknown[]): Promise<void> => {
  const here = new URL(import.meta.url);
  const rungs = await importModule(new URL("edgetrace-held.js" + here.search, here).href);
  rungs.fallback(Host, ...given);
};

type Port = Parameters<Host["serve"]>[0];
declare const self: { name: string; onconnect?: unknown } & typeof globalThis;

if ("onconnect" in self) {
  const host = new Host(self.name);
  self.onconnect = (event: MessageEvent) => {
    host.serve(event.ports[0] as Port);
    host.restore();
  };
} else if (typeof document == "undefined") {
  new Host(self.name).serve(self as unknown as Port);
}
