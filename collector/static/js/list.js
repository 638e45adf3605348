// SPDX-License-Identifier: MIT OR Apache-2.0
// The list of traces, newest first. Rows are kept and updated in place, so focus survives updates.

import { clearTraces, listRequests, listTraces } from "./api.js";
import { el } from "./dom.js";
import { clock, count, duration, isoTime } from "./format.js";
import { confirm } from "./help.js";
import { hueOf, learn, looks, PLACES } from "./palette.js";

export class ListView {
  constructor(container, focusTraceId) {
    this.focusTraceId = focusTraceId;
    this.rows = new Map(); // trace id -> {row, json}
    this.first = true;
    this.search = el("input", {
      class: "search", type: "search", placeholder: "Filter by name, URL, service", "aria-label": "Filter traces",
      oninput: () => this.show(),
    });
    this.totals = el("p", { class: "muted", role: "status" });
    this.pages = el("button", {
      class: "button", type: "button", text: "Page loads", "aria-pressed": "false", title: "Only traces in which a page was loaded",
      onclick: () => {
        this.pages.setAttribute("aria-pressed", String(this.pages.getAttribute("aria-pressed") !== "true"));
        this.show();
      },
    });
    this.clear = el("button", { class: "button", type: "button", text: "Clear all", onclick: () => this.askClear() });
    this.notice = el("p", { class: "notice", hidden: true });
    this.body = el("tbody");
    this.table = el("table", { class: "traces", "aria-label": "Traces, newest first" },
      el("thead", {}, el("tr", {},
        ...[["c-root", "Trace"], ["c-service", "Services"], ["c-spans number", "Spans"], ["c-errors", "Errors"],
          ["c-duration", "Duration"], ["c-start number", "Started"]].map(([name, text]) => el("th", { class: name, scope: "col", text })))),
      this.body);
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.card = el("div", { class: "card" });
    container.append(el("div", { class: "list-view" }, el("div", { class: "list-inner" },
      el("div", { class: "list-head" }, el("h1", { text: "Traces" }), this.totals, el("span", { class: "grow" }),
        el("div", { class: "tools" }, this.search, this.pages, this.clear)),
      this.notice, this.card)));
  }

  leave() { this.gone = true; }

  focusSearch() { this.search.focus(); }

  /** Arrow keys from anywhere on the page enter the list. */
  key(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return false;
    const links = this.links();
    (event.key === "ArrowDown" ? links[0] : links.at(-1))?.focus();
    return links.length > 0;
  }

  async refresh() {
    let traces, requests;
    try {
      [traces, requests] = await Promise.all([listTraces(), listRequests()]);
    } catch {
      return; // the live indicator tells; the next change asks again
    }
    if (this.gone) return;
    this.traces = traces.body;
    for (const trace of this.traces) learn(trace.services);
    this.total = traces.total;
    this.warn(requests.body.requests);
    this.show();
  }

  warn(requests) {
    const refused = requests.filter((request) => request.status !== 200 || request.rejected);
    this.notice.hidden = refused.length === 0;
    if (refused.length) {
      const last = refused[0];
      this.notice.textContent =
        `${refused.length} of the last ${count(requests.length, "request")} had spans refused. ` +
        `The last one, at ${clock(last.received_unix_nano)}${last.origin ? ` from ${last.origin}` : ""}: ${last.error}`;
    }
  }

  show() {
    if (!this.traces) return;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const pagesOnly = this.pages.getAttribute("aria-pressed") === "true";
    const shown = this.traces.filter((trace) => {
      if (pagesOnly && !trace.page) return false;
      const text = `${trace.root_name} ${trace.root_url} ${Object.keys(trace.services).join(" ")} ${trace.trace_id}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.totals.textContent = !this.total ? "" : words.length || pagesOnly
      ? `${shown.length} of ${count(this.total, "trace")}`
      : this.total > this.traces.length ? `newest ${this.traces.length} of ${count(this.total, "trace")}` : count(this.total, "trace");
    this.clear.disabled = this.total === 0;
    if (this.total === 0) {
      this.rows.clear();
      this.body.replaceChildren();
      if (!this.card.querySelector(".empty")) this.card.replaceChildren(emptyState());
      this.first = false;
      return;
    }
    if (this.table.parentNode !== this.card) this.card.replaceChildren(this.table);
    this.longest = Math.max(1, ...shown.map((trace) => trace.duration_ns));
    this.draw(shown);
    if (this.first && this.focusTraceId) this.rows.get(this.focusTraceId)?.row.querySelector("a").focus();
    this.first = false;
  }

  draw(shown) {
    const keep = new Set(shown.map((trace) => trace.trace_id));
    for (const [id, { row }] of this.rows) if (!keep.has(id)) { row.remove(); this.rows.delete(id); }
    let before = this.body.firstChild;
    for (const trace of shown) {
      const json = JSON.stringify([trace, this.longest]);
      let known = this.rows.get(trace.trace_id);
      if (!known) {
        known = { row: el("tr", { class: this.first ? "" : "fresh" }), json: "" };
        known.row.addEventListener("click", (event) => {
          if (!event.target.closest("a")) location.hash = `#/trace/${trace.trace_id}`;
        });
        this.rows.set(trace.trace_id, known);
      }
      if (known.json !== json) this.fill(known.row, trace);
      known.json = json;
      if (known.row === before) before = before.nextSibling;
      else this.body.insertBefore(known.row, before);
    }
  }

  fill(row, trace) {
    const focused = row.contains(document.activeElement);
    row.classList.toggle("failed", trace.error_count > 0);
    const started = clock(trace.start_unix_nano);
    const services = Object.entries(trace.services);
    const label = `${trace.root_name}${trace.page ? ", page load" : ""}, ${services.map(([service]) => service).join(" and ")}, ${duration(trace.duration_ns)}, ${count(trace.span_count, "span")}` +
      (trace.error_count ? `, ${count(trace.error_count, "error")}` : "") + `, started ${started}`;
    row.replaceChildren(
      el("td", {}, el("a", { href: `#/trace/${trace.trace_id}`, "aria-label": label },
        el("div", {}, el("span", { class: "root-name", text: trace.root_name || "(no name)" }),
          trace.page ? el("span", { class: "place", text: "page load" }) : null),
        trace.root_url ? el("div", { class: "root-url", text: trace.root_url, title: trace.root_url }) : null)),
      el("td", { class: "c-service", title: services.map(([service, place]) => (place ? `${service} (${PLACES[place]})` : service)).join("\n") },
        el("div", { class: "services" }, ...services.map(([service]) => el("span", { class: "service", ...looks(service), text: service })))),
      el("td", { class: "c-spans number", text: trace.span_count.toLocaleString("en") }),
      el("td", {}, trace.error_count ? el("span", { class: "error-badge", text: `! ${trace.error_count}` }) : null),
      el("td", {}, el("div", { class: "duration" },
        el("div", { class: "duration-track" }, el("div", {
          class: "duration-bar",
          style: { "--hue": hueOf(trace.service), width: `${(100 * trace.duration_ns) / this.longest}%` },
        })),
        el("span", { class: "number", text: duration(trace.duration_ns) }))),
      el("td", { class: "number", text: started, title: isoTime(trace.start_unix_nano) }),
    );
    if (focused) row.querySelector("a").focus();
  }

  links() { return [...this.body.querySelectorAll("a")]; }

  move(event) {
    const links = this.links();
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    links[Math.max(0, Math.min(to, links.length - 1))]?.focus();
  }

  askClear() {
    confirm("Delete all traces?", `${count(this.total, "trace")} will be gone for good.`, "Delete all", async () => {
      await clearTraces();
      this.refresh();
    });
  }
}

function emptyState() {
  const endpoint = `${location.origin}/v1/traces`;
  return el("div", { class: "empty" },
    el("h2", { text: "Waiting for the first trace" }),
    el("p", { class: "muted", text: "Send OTLP over HTTP, protobuf or JSON, to this address. It appears here at once." }),
    el("pre", { text: endpoint }),
    el("p", { class: "muted", text: "From a page, with the edgetrace tag:" }),
    el("pre", { text: `<script src="/edgetrace/agent.js"\n        data-endpoint="${endpoint}"\n        data-service-name="shop" async></script>` }),
    el("p", { class: "muted", text: "From any OpenTelemetry SDK:" }),
    el("pre", { text: `OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf` }));
}
