// SPDX-License-Identifier: MIT OR Apache-2.0
// The line between names and times, moved by pointer or arrow keys (WAI-ARIA window splitter).

import { el } from "./dom.js";

const MIN = 14;
const MAX = 70;

/** Make a splitter that sets --share (0 to 1) on `host` and calls `moved`. */
export function splitter(host, moved) {
  const bar = el("div", {
    class: "splitter", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Width of the names",
    "aria-valuemin": MIN, "aria-valuemax": MAX, "aria-valuenow": 34,
  });
  const set = (percent) => {
    const value = Math.round(Math.max(MIN, Math.min(MAX, percent)));
    host.style.setProperty("--share", value / 100);
    bar.setAttribute("aria-valuenow", value);
    moved();
  };
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = host.getBoundingClientRect();
    set((100 * (event.clientX - box.left)) / box.width);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(Number(bar.getAttribute("aria-valuenow")) + step);
  });
  return bar;
}
