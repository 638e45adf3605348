// SPDX-License-Identifier: MIT OR Apache-2.0
// What every page does: the bag, the shore panel, and a mark on <html> once all that was asked for has been answered.
import { show } from "./bag.js";
import { start } from "./shore.js";

export async function run(...work) {
  show();
  await Promise.allSettled([...work, start()]);
  document.documentElement.dataset.ready = "true";
}
