// SPDX-License-Identifier: MIT OR Apache-2.0
// The runtime's module. Where it is loaded decides who it serves: every page of the origin, one page, or (imported by the
// loader) whoever `fallback` finds.
import { Host } from "./host";

export { fallback } from "./fallback";

type Port = Parameters<Host["serve"]>[0];
declare const self: { name: string; onconnect?: unknown } & typeof globalThis;

if ("onconnect" in self) {
  const host = new Host(self.name);
  self.onconnect = (event: MessageEvent) => host.serve(event.ports[0] as Port);
} else if (typeof document == "undefined") {
  new Host(self.name).serve(self as unknown as Port);
}
