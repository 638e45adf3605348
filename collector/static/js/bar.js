// SPDX-License-Identifier: MIT OR Apache-2.0
// Draws one span's stretch of time: bar, phases, marks, critical path, duration.

import { el } from "./dom.js";
import { duration } from "./format.js";
import { hueOf, PHASES } from "./palette.js";

/**
 * Fill a time cell.
 * @param view {from, to} in ns from the trace's start: what the cell's width stands for.
 * @param path the span's stretches of the critical path, [{start_offset_ns, end_offset_ns}].
 */
export function drawBar(cell, span, view, path) {
  const start = span.start_offset_ns;
  const end = start + span.duration_ns;
  // Cut to a little more than the view: a bar a million pixels wide would be no bar at all.
  const margin = (view.to - view.from) * 0.05;
  const cut = (time) => Math.max(view.from - margin, Math.min(view.to + margin, time));
  const percent = (ns) => `${(100 * ns) / (view.to - view.from)}%`;
  const place = (from, to) => ({ left: percent(cut(from) - view.from), width: percent(cut(to) - cut(from)) });
  if (end < view.from - margin || start > view.to + margin) {
    cell.replaceChildren(el("span", {
      class: "bar-label", style: end < view.from ? { left: "0" } : { right: "0" }, text: end < view.from ? "‹" : "›",
    }));
    return;
  }
  const bar = el("div", { class: span.phases.length ? "bar phased" : "bar", style: { ...place(start, end), "--hue": hueOf(span.service) } });
  const shown = cut(end) - cut(start);
  for (const phase of span.phases) {
    const from = cut(start + phase.start_ns);
    const to = cut(start + phase.end_ns);
    if (to <= from) continue;
    bar.append(el("div", {
      class: `phase phase-${phase.name}`,
      title: `${PHASES[phase.name]}: ${duration(phase.end_ns - phase.start_ns)}`,
      style: { left: `${(100 * (from - cut(start))) / shown}%`, width: `${(100 * (to - from)) / shown}%` },
    }));
  }
  const parts = [bar];
  for (const mark of span.marks) {
    const at = start + mark.at_ns;
    if (at < view.from || at > view.to) continue;
    parts.push(el("div", { class: "mark", title: `${mark.name} at ${duration(mark.at_ns)}`, style: { left: percent(at - view.from) } }));
  }
  for (const piece of path ?? []) {
    if (piece.end_offset_ns < view.from || piece.start_offset_ns > view.to) continue;
    parts.push(el("div", { class: "path-segment", style: place(piece.start_offset_ns, piece.end_offset_ns) }));
  }
  parts.push(label(span, cut(start), cut(end), view, percent));
  cell.replaceChildren(...parts);
}

/** The duration stands after the bar, before it, or inside it: where there is room. */
function label(span, start, end, view, percent) {
  const width = view.to - view.from;
  const text = duration(span.duration_ns);
  if ((view.to - end) / width > 0.12) return el("span", { class: "bar-label", text, style: { left: percent(end - view.from) } });
  if ((start - view.from) / width > 0.12) return el("span", { class: "bar-label", text, style: { right: percent(view.to - start) } });
  return el("span", { class: "bar-label inside", text });
}
