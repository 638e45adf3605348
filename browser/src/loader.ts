// SPDX-License-Identifier: MIT OR Apache-2.0
// The script tag's entry, and all of edgetrace that runs on the page's main thread.
import { api } from "./api";
import { attempt } from "./guard";
import { live } from "./lifecycle";

const page = window as unknown as { edgetrace?: typeof api | Parameters<typeof api.push> };
const early = page.edgetrace;
// Anything but a queue is a first tag's API: the page is in good hands.
if (!early || Array.isArray(early)) {
  page.edgetrace = api;
  attempt(live);
  if (early) api.push(...early);
}
