// SPDX-License-Identifier: MIT OR Apache-2.0
// The rows of a trace as a WAI-ARIA treegrid. Only rows in sight exist as elements, so that 3,000
// spans cost what 40 cost; the focus stays on the grid and aria-activedescendant names the row.

import { ticks } from "./axis.js";
import { drawBar } from "./bar.js";
import { el, oncePerFrame, setStyle } from "./dom.js";
import { duration, pageUrl, tickLabel, urlHint } from "./format.js";
import { looks, PLACES, placeOf } from "./palette.js";
import { splitter } from "./splitter.js";

const OVERSCAN = 8;
const CLIENT = 3; // OTLP, enum Span.SpanKind

export class Waterfall {
  /** @param on {select(index), open(index), view()} callbacks: selection moved, Enter, zoom changed. */
  constructor(rows, on) {
    this.rows = rows;
    this.on = on;
    this.active = -1; // index into rows.spans
    this.view = { from: 0, to: 1 };
    this.total = 1;
    this.elements = new Map(); // index -> row element
    this.pathOf = new Map(); // span id -> segments
    this.draw = oncePerFrame(() => this.render());
    this.ruler = el("div", { class: "h-time", "aria-hidden": "true" });
    this.lines = el("div", { class: "gridlines", "aria-hidden": "true" });
    this.space = el("div", { class: "wf-rows", role: "presentation" });
    this.none = el("p", { class: "wf-none", text: "No span matches.", hidden: true });
    this.scroll = el("div", {
      class: "wf-scroll", role: "treegrid", tabindex: "0", "aria-label": "Spans", "aria-colcount": "2",
      onscroll: this.draw, onkeydown: (event) => this.key(event),
    }, this.lines, this.space, this.none);
    this.element = el("div", { class: "waterfall" },
      el("div", { class: "wf-head" }, el("div", { class: "h-name", text: "Span" }), this.ruler), this.scroll);
    this.element.append(splitter(this.element, this.draw));
    this.space.addEventListener("click", (event) => this.click(event));
    this.space.addEventListener("dblclick", () => this.zoomToActive());
    this.scroll.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.observer = new ResizeObserver(() => { this.redraw(); });
    this.observer.observe(this.scroll);
  }

  setTrace(trace) {
    const whole = this.view.from === 0 && this.view.to >= this.total;
    this.total = Math.max(trace.duration_ns, 1);
    if (whole) this.view = { from: 0, to: this.total };
    this.pathOf = Map.groupBy ? Map.groupBy(trace.critical_path, (piece) => piece.span_id) : group(trace.critical_path);
    this.pageUrl = pageUrl(trace);
    this.redraw();
  }

  /** Draw everything anew: other rows, another zoom, another width. */
  redraw() {
    this.elements.clear();
    this.space.replaceChildren();
    this.draw();
  }

  get rowHeight() { return (this.height ??= parseFloat(getComputedStyle(this.scroll).getPropertyValue("--row")) || 28); }

  render() {
    const { visible } = this.rows;
    this.none.hidden = visible.length > 0;
    setStyle(this.element, { "--gutter": `${this.scroll.offsetWidth - this.scroll.clientWidth}px` });
    setStyle(this.space, { height: `${visible.length * this.rowHeight}px` });
    setStyle(this.lines, { height: `${Math.max(visible.length * this.rowHeight, this.scroll.clientHeight)}px` });
    this.scroll.setAttribute("aria-rowcount", visible.length);
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / this.rowHeight) - OVERSCAN);
    const last = Math.min(visible.length, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / this.rowHeight) + OVERSCAN);
    const wanted = new Set(visible.slice(first, last));
    if (this.rows.at.has(this.active)) wanted.add(this.active); // aria-activedescendant needs it
    for (const [index, element] of this.elements) {
      if (!wanted.has(index)) { element.remove(); this.elements.delete(index); }
    }
    const fresh = document.createDocumentFragment();
    for (const index of wanted) {
      if (this.elements.has(index)) continue;
      const element = this.row(index);
      this.elements.set(index, element);
      fresh.append(element);
    }
    this.space.append(fresh);
    this.mark();
    this.axis();
  }

  row(index) {
    const span = this.rows.spans[index];
    const path = this.pathOf.get(span.span_id);
    const above = this.rows.spans[this.rows.parent[index]];
    const place = placeOf(span.service);
    const failed = this.rows.isError(index);
    const classes = ["row", failed && "failed", path && "critical", this.rows.context.has(index) && "context"].filter(Boolean);
    const at = this.rows.at.get(index);
    const hint = urlHint(span.attributes["url.full"] ?? span.attributes["http.url"], this.pageUrl) || span.attributes["url.path"] || "";
    const status = span.attributes["http.response.status_code"];
    const time = el("div", { class: "cell-time", role: "gridcell" });
    drawBar(time, span, this.view, path);
    const aria = `${duration(span.duration_ns)}, starts at ${duration(span.start_offset_ns)}` +
      `${place ? `, ${place === "edge" ? "at the edge" : "in the browser"}` : ""}${failed ? ", error" : ""}${path ? ", on the critical path" : ""}`;
    time.setAttribute("aria-label", aria);
    return el("div", {
      class: classes.join(" "), role: "row", id: `span-${span.span_id}`, data: { index },
      "aria-level": span.depth + 1, "aria-rowindex": at + 1,
      "aria-expanded": span.child_count ? String(this.rows.isOpen(index)) : undefined,
      style: { top: `${at * this.rowHeight}px` },
    },
    el("div", { class: "cell-name", role: "gridcell", title: `${span.service}: ${span.name}${hint ? `\n${span.attributes["url.full"] ?? hint}` : ""}` },
      // Deep chains keep room for a name: the indentation stops growing at 16 levels.
      el("span", { class: "indent", style: { "--depth": Math.min(span.depth, 16) } }),
      el("span", { class: span.child_count ? "twisty" : "twisty leaf", "aria-hidden": "true" }),
      el("span", { class: "dot", ...looks(span.service) }),
      el("span", { class: "label", text: span.name || "(no name)" }),
      // Where the trace passes from one place to another, the place is written out.
      place && place !== placeOf(above?.service) ? el("span", { class: "place", text: PLACES[place] }) : null,
      failed ? el("span", { class: "error-badge", text: status ? `! ${status}` : "!" }) : null,
      hint ? el("span", { class: "hint", text: span.kind === CLIENT ? `→ ${hint}` : hint }) : null),
    time);
  }

  axis() {
    const width = this.ruler.clientWidth;
    const { step, values } = ticks(this.view.from, this.view.to, width);
    const left = (value) => `${(100 * (value - this.view.from)) / (this.view.to - this.view.from)}%`;
    this.ruler.replaceChildren(...values.map((value) => el("span", { class: "tick", style: { left: left(value) }, text: tickLabel(value, step) })));
    this.lines.replaceChildren(...values.map((value) => el("span", { class: "gridline", style: { left: left(value) } })));
  }

  mark() {
    for (const [index, element] of this.elements) {
      element.classList.toggle("active", index === this.active);
      element.setAttribute("aria-selected", String(index === this.active));
    }
    const id = this.rows.at.has(this.active) ? `span-${this.rows.spans[this.active].span_id}` : "";
    if (id) this.scroll.setAttribute("aria-activedescendant", id);
    else this.scroll.removeAttribute("aria-activedescendant");
  }

  /** Select a span by its index and bring its row into sight. */
  activate(index, { silent = false } = {}) {
    if (index < 0 || index >= this.rows.spans.length) return;
    if (!this.rows.at.has(index)) {
      this.rows.reveal(index);
      this.redraw();
    }
    this.active = index;
    const top = (this.rows.at.get(index) ?? 0) * this.rowHeight;
    const { scrollTop, clientHeight } = this.scroll;
    if (top < scrollTop) this.scroll.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.scroll.scrollTop = top + this.rowHeight - clientHeight;
    this.draw();
    if (!silent) this.on.select(index);
  }

  click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const index = Number(row.dataset.index);
    this.scroll.focus({ preventScroll: true });
    if (event.target.closest(".twisty:not(.leaf)")) {
      this.rows.toggle(index);
      this.redraw();
      this.activate(index);
      return;
    }
    this.activate(index);
    this.on.open(index);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { visible, at } = this.rows;
    const row = at.get(this.active) ?? -1;
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.rowHeight) - 1);
    const to = {
      ArrowDown: row + 1, ArrowUp: row - 1, Home: 0, End: visible.length - 1, PageDown: row + page, PageUp: row - page,
    }[event.key];
    if (to !== undefined) {
      if (visible.length) this.activate(visible[Math.max(0, Math.min(to, visible.length - 1))]);
    } else if (event.key === "ArrowRight" && row >= 0) this.right();
    else if (event.key === "ArrowLeft" && row >= 0) this.left();
    else if ((event.key === "Enter" || event.key === " ") && row >= 0) this.on.open(this.active);
    else return;
    event.preventDefault();
  }

  right() {
    const index = this.active;
    if (!this.rows.spans[index].child_count) return;
    if (this.rows.isOpen(index)) this.activate(index + 1);
    else {
      this.rows.toggle(index, true);
      this.redraw();
    }
  }

  left() {
    const index = this.active;
    if (this.rows.spans[index].child_count && this.rows.isOpen(index) && !this.rows.filtering) {
      this.rows.toggle(index, false);
      this.redraw();
    } else if (this.rows.parent[index] >= 0) this.activate(this.rows.parent[index]);
  }

  /** Show [from, to] ns, kept inside the trace and never shorter than a microsecond. */
  setView(from, to) {
    const width = Math.min(Math.max(to - from, Math.min(1000, this.total)), this.total);
    const start = Math.max(0, Math.min(from, this.total - width));
    this.view = { from: start, to: start + width };
    this.redraw();
    this.on.view();
  }

  zoom(factor, center) {
    const { from, to } = this.view;
    const span = this.rows.spans[this.active];
    const at = center ?? (span ? Math.max(from, Math.min(to, span.start_offset_ns + span.duration_ns / 2)) : (from + to) / 2);
    this.setView(at - (at - from) * factor, at + (to - at) * factor);
  }

  zoomToActive() {
    const span = this.rows.spans[this.active];
    if (!span) return;
    const margin = Math.max(span.duration_ns * 0.08, 500);
    this.setView(span.start_offset_ns - margin, span.start_offset_ns + span.duration_ns + margin);
  }

  wheel(event) {
    const box = this.ruler.getBoundingClientRect();
    const { from, to } = this.view;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const at = from + ((event.clientX - box.left) / box.width) * (to - from);
      this.zoom(Math.exp(Math.max(-80, Math.min(80, event.deltaY)) / 200), at);
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      const shift = ((event.deltaX || event.deltaY) / box.width) * (to - from);
      this.setView(from + shift, to + shift);
    }
  }
}

function group(path) {
  const groups = new Map();
  for (const piece of path) groups.set(piece.span_id, [...(groups.get(piece.span_id) ?? []), piece]);
  return groups;
}
