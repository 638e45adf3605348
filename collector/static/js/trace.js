// SPDX-License-Identifier: MIT OR Apache-2.0
// One trace: puts heading, toolbar, overview, waterfall and details together and keeps them in step.

import { readTrace } from "./api.js";
import { fillDetails } from "./details.js";
import { el } from "./dom.js";
import { clock, count, duration, isoTime, pageUrl } from "./format.js";
import { Overview } from "./overview.js";
import { learn, looks, PHASES, PLACES } from "./palette.js";
import { Rows } from "./rows.js";
import { Waterfall } from "./waterfall.js";

export class TraceView {
  constructor(container, crumbs, traceId, spanId) {
    this.traceId = traceId;
    this.wanted = spanId;
    this.rows = new Rows();
    this.waterfall = new Waterfall(this.rows, {
      select: (index) => this.selected(index),
      open: (index) => this.openDetails(index),
      view: () => this.overview.setView(this.waterfall.view),
    });
    this.overview = new Overview((from, to) => {
      const { view } = this.waterfall;
      this.waterfall.setView(from ?? view.from, to ?? view.to);
    });
    this.head = el("div", { class: "trace-head" });
    this.panel = el("aside", { class: "details", "aria-label": "Span details", tabindex: "0", hidden: true });
    this.element = el("div", { class: "trace-view" }, this.head, this.toolbar(), this.overview.element,
      el("div", { class: "trace-body" }, this.waterfall.element, this.panel));
    crumbs.replaceChildren(el("span", { text: "/  " }), el("a", { href: "#/", text: "Traces" }), el("span", { class: "mono", text: `  /  ${traceId.slice(0, 8)}` }));
    container.append(this.element);
  }

  toolbar() {
    const button = (text, title, action) => el("button", { class: "button", type: "button", text, title, onclick: action });
    this.search = el("input", {
      class: "search", type: "search", placeholder: "Filter spans and attributes", "aria-label": "Filter spans",
      oninput: () => this.filter(),
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== "ArrowDown") return;
        event.preventDefault();
        this.waterfall.scroll.focus();
        if (!this.rows.at.has(this.waterfall.active)) this.waterfall.activate(this.rows.visible[0] ?? -1);
      },
    });
    this.matches = el("span", { class: "count", role: "status" });
    this.errors = el("button", { class: "button", type: "button", text: "Errors only", "aria-pressed": "false", onclick: () => this.toggle(this.errors, () => this.filter()) });
    this.path = el("button", {
      class: "button", type: "button", text: "Critical path", "aria-pressed": "true", title: "The chain of spans that the end of the trace waited for",
      onclick: () => this.toggle(this.path, (on) => this.waterfall.element.classList.toggle("hide-path", !on)),
    });
    this.legend = el("div", { class: "legend", "aria-label": "Colours of the phases" });
    return el("div", { class: "toolbar" }, this.search, this.errors, this.path,
      el("span", { class: "button-group" },
        button("Open all", "Show every span", () => this.setAll(true)),
        button("Close all", "Show the first level only", () => this.setAll(false))),
      el("span", { class: "button-group" },
        button("−", "Zoom out (−)", () => this.waterfall.zoom(2)),
        button("+", "Zoom in (+)", () => this.waterfall.zoom(0.5)),
        button("All", "The whole trace (0)", () => this.waterfall.setView(0, Infinity))),
      this.matches, el("span", { class: "grow" }), this.legend);
  }

  toggle(button, action) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    action(on);
  }

  setAll(open) {
    this.rows.setAll(open);
    this.waterfall.redraw();
  }

  leave() {
    this.gone = true;
    this.waterfall.observer.disconnect();
  }

  async refresh() {
    let answer;
    try {
      answer = await readTrace(this.traceId);
    } catch {
      return;
    }
    if (this.gone || (answer && answer.body === this.trace)) return;
    if (!answer) {
      if (!this.trace) this.missing();
      return;
    }
    const first = !this.trace;
    this.trace = answer.body;
    learn(this.trace.places);
    this.show(first);
  }

  missing() {
    document.title = "Trace not found · edgetrace collector";
    this.head.replaceChildren(el("h1", { text: "This trace is not here" }),
      el("p", { class: "muted", text: "It was deleted, or its first span has yet to arrive. It appears here if it does." }));
  }

  show(first) {
    const { trace, rows, waterfall } = this;
    const selected = rows.spans[waterfall.active]?.span_id;
    rows.setSpans(trace.spans);
    waterfall.active = selected ? rows.indexOf.get(selected) ?? -1 : -1;
    this.overview.setTrace(trace);
    waterfall.setTrace(trace);
    this.overview.setView(waterfall.view);
    this.heading();
    this.filter();
    if (first) {
      const index = rows.indexOf.get(this.wanted);
      waterfall.activate(index ?? 0, { silent: true });
      if (index !== undefined) this.openDetails(index);
      waterfall.scroll.focus({ preventScroll: true });
    } else if (!this.panel.hidden && waterfall.active >= 0) this.fill(waterfall.active);
  }

  heading() {
    const { trace } = this;
    const root = trace.spans[0];
    const url = pageUrl(trace);
    document.title = `${root.name} · ${duration(trace.duration_ns)} · edgetrace collector`;
    const fact = (value, name, title) => el("span", { title }, el("b", { text: value }), name ? ` ${name}` : "");
    const copy = el("button", { class: "copy", type: "button", text: trace.trace_id, title: "Copy the trace id", onclick: () => this.copy(copy) });
    this.head.replaceChildren(
      el("div", { class: "trace-title" }, el("h1", { text: root.name || "(no name)" }), url ? el("span", { class: "url", text: url, title: url }) : null),
      el("div", { class: "facts" },
        fact(duration(trace.duration_ns), ""),
        fact(trace.span_count.toLocaleString("en"), trace.span_count === 1 ? "span" : "spans"),
        trace.error_count ? el("span", { class: "error-badge", text: `! ${count(trace.error_count, "error")}` }) : fact("0", "errors"),
        fact(clock(trace.start_unix_nano), "", isoTime(trace.start_unix_nano)),
        ...Object.entries(trace.places).map(([service, place]) => el("span", { class: "service", ...looks(service) },
          service, place ? el("span", { class: "place", text: PLACES[place] }) : null)),
        el("span", { class: "grow" }), copy));
    this.errors.disabled = trace.error_count === 0 && !this.rows.errorsOnly;
    const present = new Set(trace.spans.flatMap((span) => span.phases.map((phase) => phase.name)));
    this.legend.replaceChildren(
      ...Object.keys(PHASES).filter((name) => present.has(name)).map((name) =>
        el("span", { class: "legend-item" }, el("span", { class: `swatch phase-${name}` }), PHASES[name])),
      trace.critical_path.length ? el("span", { class: "legend-item" }, el("span", { class: "swatch path" }), "Critical path") : null);
  }

  async copy(button) {
    try {
      await navigator.clipboard.writeText(this.traceId);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button); // no permission: leave it selected for Ctrl-C
      return;
    }
    setTimeout(() => { button.textContent = this.traceId; }, 1200);
  }

  filter() {
    this.rows.words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.rows.errorsOnly = this.errors.getAttribute("aria-pressed") === "true";
    this.rows.update();
    this.matches.textContent = this.rows.filtering ? count(this.rows.matchCount, "match", "matches") : "";
    this.waterfall.redraw();
  }

  /** Select a span by id (from the address). */
  select(spanId) {
    const index = this.rows.indexOf.get(spanId);
    if (index === undefined || index === this.waterfall.active) return;
    this.waterfall.activate(index, { silent: true });
    this.openDetails(index);
  }

  selected(index) {
    history.replaceState(null, "", `#/trace/${this.traceId}/${this.rows.spans[index].span_id}`);
    if (!this.panel.hidden) this.fill(index);
  }

  openDetails(index) {
    const opening = this.panel.hidden;
    this.panel.hidden = false;
    this.fill(index);
    if (opening) this.waterfall.activate(index, { silent: true }); // the rows may have become fewer
  }

  fill(index) {
    const go = (spanId) => this.waterfall.activate(this.rows.indexOf.get(spanId));
    fillDetails(this.panel, this.rows.spans[index], { close: () => this.closeDetails(), go, has: (id) => this.rows.indexOf.has(id) });
  }

  closeDetails() {
    this.panel.hidden = true;
    this.waterfall.scroll.focus({ preventScroll: true });
  }

  focusSearch() { this.search.select(); }

  escape(typing) {
    if (typing) this.waterfall.scroll.focus();
    else if (!this.panel.hidden) this.closeDetails();
    else location.hash = "#/";
  }

  /** Keys of the view, wherever the focus is; true if it was one. */
  key(event) {
    const { waterfall } = this;
    const actions = {
      "+": () => waterfall.zoom(0.5), "=": () => waterfall.zoom(0.5), "-": () => waterfall.zoom(2),
      0: () => waterfall.setView(0, Infinity), z: () => waterfall.zoomToActive(),
      e: () => this.next((index) => this.rows.isError(index)),
      c: () => this.next((index) => waterfall.pathOf.has(this.rows.spans[index].span_id)),
    };
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    action?.();
    return Boolean(action);
  }

  next(test) {
    const { length } = this.rows.spans;
    for (let step = 1; step <= length; step++) {
      const index = (this.waterfall.active + step) % length;
      if (test(index)) {
        this.waterfall.activate(index);
        this.waterfall.scroll.focus({ preventScroll: true });
        return;
      }
    }
  }
}
