// SPDX-License-Identifier: MIT OR Apache-2.0
// Two little instruments: a vane that points downwind, and a Beaufort bar of eight steps.
import { make } from "./dom.js";

export function vane(degrees) {
  return make(
    "svg",
    { viewBox: "0 0 40 40", class: "vane", "aria-hidden": "true" },
    make("circle", { cx: 20, cy: 20, r: 18 }),
    make("path", { d: "M20 5l9 27-9-6-9 6z", transform: `rotate(${degrees + 180} 20 20)` }),
  );
}

export function bar(from, to, now = 0) {
  const steps = Array.from({ length: 8 }, (_, index) => {
    const step = index + 1;
    const name = step === now ? "now" : step >= from && step <= to ? "on" : "";
    return make("i", { class: name });
  });
  return make("span", { class: "force", role: "img", "aria-label": `Force ${from} to ${to}` }, ...steps);
}
