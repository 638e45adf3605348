// SPDX-License-Identifier: MIT OR Apache-2.0
// Round tick positions for a stretch of time.

/** Ticks about `gapPx` apart over [from, to] ns, at multiples of 1, 2 or 5 times a power of ten. */
export function ticks(from, to, widthPx, gapPx = 110) {
  const span = Math.max(to - from, 1);
  const rough = span / Math.max(2, Math.floor(widthPx / gapPx));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? power * 10);
  const values = [];
  for (let n = Math.ceil(from / step); n * step <= to && values.length < 100; n++) values.push(n * step);
  return { step, values };
}
