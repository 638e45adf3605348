// SPDX-License-Identifier: MIT OR Apache-2.0
// The panel with everything that is known of one span.

import { el } from "./dom.js";
import { count, duration, isoTime, kindName } from "./format.js";
import { looks, PHASES, PLACES, placeOf } from "./palette.js";

/**
 * Fill the panel.
 * @param on {close(), go(spanId)} callbacks; `has(spanId)` tells whether a span is in this trace.
 */
export function fillDetails(panel, span, on) {
  panel.replaceChildren(
    el("div", { class: "details-head" },
      el("h2", { text: span.name || "(no name)", tabindex: "-1" }),
      el("button", { class: "button quiet", type: "button", text: "Close", title: "Close (Esc)", onclick: on.close })),
    el("div", { class: "sub" }, el("span", { class: "service", ...looks(span.service), text: span.service }),
      [PLACES[placeOf(span.service)], kindName(span.kind)].filter(Boolean).map((word) => ` · ${word}`).join("")),
    ...status(span),
    el("dl", { class: "numbers" },
      number("Start", span.start_offset_ns ? `+${duration(span.start_offset_ns)}` : "0", isoTime(span.start_unix_nano)),
      number("Duration", duration(span.duration_ns), `${span.duration_ns.toLocaleString("en")} ns`),
      number("Children", String(span.child_count))),
    ...phases(span),
    ...section("Attributes", span.attributes, span.dropped_attributes_count),
    ...events(span),
    ...links(span),
    ...folded("Resource", { ...span.resource.attributes, ...named("schema_url", span.resource.schema_url) }),
    ...folded("Scope", { name: span.scope.name, ...named("version", span.scope.version), ...span.scope.attributes, ...named("schema_url", span.scope.schema_url) }),
    ...identity(span, on));
}

const number = (name, value, title) => el("div", { title }, el("dt", { text: name }), el("dd", { text: value }));
const named = (key, value) => (value ? { [key]: value } : {});

function status(span) {
  if (span.status.code === 2) return [el("p", { class: "notice", text: span.status.message || span.attributes["error.type"] || "Error" })];
  if (span.status.code === 1) return [el("p", { class: "sub", text: "Status: ok" })];
  return [];
}

function phases(span) {
  if (!span.phases.length) return [];
  const total = Math.max(span.duration_ns, 1);
  return [el("h3", { text: "Phases" }), el("div", { class: "phase-table" }, ...span.phases.flatMap((phase) => [
    el("span", { class: "name" }, el("span", { class: `swatch phase-${phase.name}` }), PHASES[phase.name]),
    el("span", { class: "track" }, el("span", {
      class: `phase phase-${phase.name}`,
      style: { left: `${(100 * phase.start_ns) / total}%`, width: `${(100 * (phase.end_ns - phase.start_ns)) / total}%` },
    })),
    el("span", { class: "time", text: duration(phase.end_ns - phase.start_ns) }),
  ]))];
}

function section(title, values, dropped = 0) {
  const none = Object.keys(values).length === 0;
  if (none && !dropped) return [];
  return [el("h3", { text: dropped ? `${title} (${dropped} dropped by the sender)` : title }), pairs(values)];
}

function pairs(values) {
  return el("table", { class: "pairs" }, el("tbody", {}, ...Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) =>
    el("tr", {}, el("th", { scope: "row" }, ...breakable(key)), show(value)))));
}

/** Dotted names may break after a dot or an underscore, not in the middle of a word. */
const breakable = (name) => name.split(/(?<=[._])/).flatMap((part) => [el("wbr"), part]);

function show(value) {
  if (value === null) return el("td", {}, el("span", { class: "empty-value", text: "null" }));
  if (value === "") return el("td", {}, el("span", { class: "empty-value", text: "empty" }));
  if (typeof value === "object") return el("td", { text: JSON.stringify(value, null, 1) });
  return el("td", { class: typeof value === "string" ? "" : "t-number", text: String(value) });
}

function events(span) {
  const dropped = span.dropped_events_count ? ` (${span.dropped_events_count} dropped by the sender)` : "";
  if (!span.events.length && !dropped) return [];
  return [el("h3", { text: `${count(span.events.length, "event")}${dropped}` }), ...span.events.map((event) =>
    el("div", { class: "event" },
      el("div", { class: "event-head" }, el("span", { text: event.name }), el("span", { class: "grow" }),
        el("span", { class: "at", text: `+${duration(event.time_unix_nano - span.start_unix_nano)}`, title: isoTime(event.time_unix_nano) })),
      Object.keys(event.attributes).length ? pairs(event.attributes) : null))];
}

function links(span) {
  if (!span.links.length) return [];
  return [el("h3", { text: count(span.links.length, "link") }), ...span.links.map((link) =>
    el("div", { class: "event" },
      el("a", { class: "mono", href: `#/trace/${link.trace_id}/${link.span_id}`, text: `${link.trace_id.slice(0, 8)}… / ${link.span_id}` }),
      Object.keys(link.attributes).length ? pairs(link.attributes) : null))];
}

function folded(title, values) {
  if (Object.values(values).every((value) => value === "")) return [];
  return [el("details", { class: "more" }, el("summary", { text: title }), pairs(values))];
}

function identity(span, on) {
  const parent = span.parent_span_id;
  const parentCell = !parent ? el("td", {}, el("span", { class: "empty-value", text: "none" }))
    : on.has(parent) ? el("td", {}, el("button", { class: "link", type: "button", text: parent, onclick: () => on.go(parent) }))
      : el("td", { text: `${parent} (not received)` });
  return [el("h3", { text: "Identity" }), el("table", { class: "pairs" }, el("tbody", {},
    el("tr", {}, el("th", { scope: "row", text: "span id" }), el("td", { text: span.span_id })),
    el("tr", {}, el("th", { scope: "row", text: "parent" }), parentCell),
    el("tr", {}, el("th", { scope: "row", text: "trace id" }), el("td", { text: span.trace_id })),
    span.trace_state ? el("tr", {}, el("th", { scope: "row", text: "trace state" }), el("td", { text: span.trace_state })) : null,
    el("tr", {}, el("th", { scope: "row", text: "flags" }), el("td", { text: `0x${span.flags.toString(16)}` }))))];
}
