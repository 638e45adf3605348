// SPDX-License-Identifier: MIT OR Apache-2.0
// Which spans are rows right now: all, without the children of closed ones, or those that match a
// filter with their ancestors. Spans come from the API in depth-first order.

export class Rows {
  constructor() {
    this.closed = new Set(); // span ids; survives updates
    this.words = [];
    this.errorsOnly = false;
    this.setSpans([]);
  }

  setSpans(spans) {
    this.spans = spans;
    this.parent = new Array(spans.length).fill(-1);
    this.indexOf = new Map();
    this.texts = new Array(spans.length);
    const stack = [];
    spans.forEach((span, index) => {
      stack.length = span.depth;
      this.parent[index] = span.depth ? stack[span.depth - 1] : -1;
      stack[span.depth] = index;
      this.indexOf.set(span.span_id, index);
    });
    this.update();
  }

  get filtering() { return this.words.length > 0 || this.errorsOnly; }

  isError(index) { return this.spans[index].status.code === 2; }

  matches(index) {
    if (this.errorsOnly && !this.isError(index)) return false;
    if (!this.words.length) return true;
    const text = (this.texts[index] ??= searchText(this.spans[index]));
    return this.words.every((word) => text.includes(word));
  }

  /** Recompute `visible` (indices into spans), `context` (ancestors shown for a match) and `at`. */
  update() {
    this.context = new Set();
    this.matchCount = 0;
    if (this.filtering) {
      const shown = new Set();
      for (let index = 0; index < this.spans.length; index++) {
        if (!this.matches(index)) continue;
        this.matchCount++;
        this.context.delete(index);
        shown.add(index);
        for (let up = this.parent[index]; up >= 0 && !shown.has(up); up = this.parent[up]) {
          shown.add(up);
          this.context.add(up);
        }
      }
      this.visible = [...shown].sort((a, b) => a - b);
    } else {
      this.visible = [];
      let hiddenBelow = Infinity;
      this.spans.forEach((span, index) => {
        if (span.depth > hiddenBelow) return;
        hiddenBelow = this.closed.has(span.span_id) ? span.depth : Infinity;
        this.visible.push(index);
      });
    }
    this.at = new Map(this.visible.map((index, row) => [index, row]));
  }

  isOpen(index) { return this.filtering || !this.closed.has(this.spans[index].span_id); }

  toggle(index, open = !this.isOpen(index)) {
    if (!this.spans[index].child_count || this.filtering) return;
    if (open) this.closed.delete(this.spans[index].span_id);
    else this.closed.add(this.spans[index].span_id);
    this.update();
  }

  setAll(open) {
    this.closed.clear();
    if (!open) for (const span of this.spans) if (span.child_count && span.depth > 0) this.closed.add(span.span_id);
    this.update();
  }

  /** Make sure that a span is a row, by opening what it is inside of. */
  reveal(index) {
    for (let up = this.parent[index]; up >= 0; up = this.parent[up]) this.closed.delete(this.spans[up].span_id);
    this.update();
  }
}

function searchText(span) {
  const values = Object.entries(span.attributes).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  return [span.name, span.service, span.span_id, span.status.message, ...values].join("\n").toLowerCase();
}
