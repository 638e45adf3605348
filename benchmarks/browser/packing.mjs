// SPDX-License-Identifier: MIT OR Apache-2.0
// What a page and the runtime worker do in JavaScript with a batch of entries, for benchmarks/collect.py.
import { pack } from "pack";
import { complete } from "unpack";

globalThis.packEntries = (rows) => {
  // On its way to the worker the array is cloned.
  const { numbers, text } = complete(structuredClone(pack(rows)));
  return [numbers, text];
};
