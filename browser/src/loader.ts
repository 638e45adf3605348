// SPDX-License-Identifier: MIT OR Apache-2.0
// The script tag's entry, and all of edgetrace that runs on the page's main thread.
import { api } from "./api";
import { attempt } from "./guard";
import { live } from "./lifecycle";

const page = window as unknown as { edgetrace?: typeof api };
const early = page.edgetrace as (typeof api & Parameters<typeof api.push>) | undefined;
// With a first tag's API already there, the page is in good hands.
if (!early?.version) {
  page.edgetrace = api;
  attempt(live);
  if (Array.isArray(early)) api.push(...early); // otherwise an element with that id, or nothing
}
