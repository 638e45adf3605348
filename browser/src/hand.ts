// SPDX-License-Identifier: MIT OR Apache-2.0
// One message of a page to Python, as plain data.
import type { PageLine } from "./page-line";
import { complete, nowOf, originOf, written, type Told } from "./unpack";

/** Python's side, `edgetrace._serve.WorkerRuntime`. */
export interface Runtime {
  entries(page: number, origin: number, numbers: Float64Array, text: string, now: number): void;
  receive(page: number, message: string): void;
}

export function hand(runtime: Runtime, page: PageLine, message: Told): void {
  if (message.kind == "entries") {
    const { numbers, text } = complete(message);
    return runtime.entries(page.id, originOf(message), numbers, text, nowOf(message));
  }
  if (message.kind == "end") return runtime.receive(page.id, '{"kind":"leave"}');
  if (message.kind != "boot") runtime.receive(page.id, written(message));
  else if (page.firstFlush()) runtime.receive(page.id, '{"kind":"flush","id":-1}');
}
