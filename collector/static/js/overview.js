// SPDX-License-Identifier: MIT OR Apache-2.0
// The whole trace in a strip: every span a line, the zoomed part framed. Drag to zoom.

import { el, oncePerFrame, setStyle } from "./dom.js";
import { hueOf } from "./palette.js";

export class Overview {
  /** @param onZoom (from, to) in ns from the trace's start. */
  constructor(onZoom) {
    this.onZoom = onZoom;
    this.canvas = el("canvas");
    this.left = el("div", { class: "shade" });
    this.right = el("div", { class: "shade" });
    this.frame = el("div", { class: "window", hidden: true });
    this.element = el("div", { class: "overview", "aria-hidden": "true", title: "Drag to zoom, double-click to see the whole trace" },
      this.canvas, this.left, this.right, this.frame);
    this.draw = oncePerFrame(() => this.paint());
    new ResizeObserver(this.draw).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.draw);
    this.element.addEventListener("pointerdown", (event) => this.down(event));
    this.element.addEventListener("pointermove", (event) => this.move(event));
    this.element.addEventListener("pointerup", (event) => this.up(event));
    this.element.addEventListener("pointercancel", () => { this.from = undefined; });
    this.element.addEventListener("dblclick", () => this.onZoom(0, this.total));
  }

  setTrace(trace) {
    this.spans = trace.spans;
    this.path = trace.critical_path;
    this.total = Math.max(trace.duration_ns, 1);
    this.draw();
  }

  setView({ from, to }) {
    const percent = (ns) => `${(100 * ns) / this.total}%`;
    const whole = from <= 0 && to >= this.total;
    this.frame.hidden = whole;
    setStyle(this.frame, { left: percent(from), width: percent(to - from) });
    setStyle(this.left, { left: "0", width: percent(from) });
    setStyle(this.right, { left: percent(to), right: "0" });
  }

  paint() {
    if (!this.spans) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(name).trim();
    const inner = height - 12;
    const line = Math.max(1, Math.min(4, inner / this.spans.length - 0.5));
    this.spans.forEach((span, index) => {
      context.fillStyle = span.status.code === 2 ? token("--danger")
        : `oklch(${token("--service-l")} ${token("--service-c")} ${hueOf(span.service)} / 80%)`;
      const y = 4 + (inner - line) * (this.spans.length > 1 ? index / (this.spans.length - 1) : 0);
      context.fillRect((width * span.start_offset_ns) / this.total, y, Math.max(1, (width * span.duration_ns) / this.total), line);
    });
    context.fillStyle = token("--path");
    for (const piece of this.path) {
      const x = (width * piece.start_offset_ns) / this.total;
      context.fillRect(x, height - 4, Math.max(0.5, (width * (piece.end_offset_ns - piece.start_offset_ns)) / this.total - 0.5), 2);
    }
  }

  at(event) {
    const box = this.element.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.total;
  }

  down(event) {
    this.from = this.at(event);
    this.element.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (this.from === undefined) return;
    const to = this.at(event);
    this.setView({ from: Math.min(this.from, to), to: Math.max(this.from, to) });
  }

  up(event) {
    if (this.from === undefined) return;
    const [from, to] = [this.from, this.at(event)].sort((a, b) => a - b);
    this.from = undefined;
    if (to - from > this.total / 200) this.onZoom(from, to);
    else this.onZoom(undefined, undefined); // a click: put the frame back where it was
  }
}
