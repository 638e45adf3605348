// SPDX-License-Identifier: MIT OR Apache-2.0
// OpenTelemetry JS's SDK at what benchmarks/record.py does; a processor that drops what it is given.
import { context, trace } from "@opentelemetry/api";
import { AlwaysOffSampler, StackContextManager, TracerProvider } from "@opentelemetry/sdk-trace";
import { measure } from "./measure.mjs";

const forget = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
const tracer = new TracerProvider({ spanProcessors: [forget] }).getTracer("shop");
const off = new TracerProvider({ spanProcessors: [forget], sampler: new AlwaysOffSampler() }).getTracer("shop");
context.setGlobalContextManager(new StackContextManager().enable());

const attributes = (made) => {
  const span = made.startSpan("checkout");
  span.setAttribute("shop.cart.items", 3);
  span.setAttribute("shop.user", "user-17");
  span.setAttribute("shop.total", 12.5);
  span.setAttribute("shop.member", true);
  span.setAttribute("shop.currency", "EUR");
  span.end();
};

const children = () => {
  const parent = tracer.startSpan("checkout");
  const inside = trace.setSpan(context.active(), parent);
  for (let n = 0; n < 3; n++) tracer.startSpan("step", {}, inside).end();
  parent.end();
};

const nested = () =>
  tracer.startActiveSpan("outer", (outer) => {
    tracer.startActiveSpan("inner", (inner) => inner.end());
    outer.end();
  });

measure("record", "start, end", () => tracer.startSpan("checkout").end(), 1, "span");
measure("record", "start, 5 attributes, end", () => attributes(tracer), 1, "span");
measure("record", "start, end, with 3 children", children, 4, "span");
measure("record", "start_as_current_span", nested, 2, "span");
measure("record", "sampled out", () => off.startSpan("checkout").end(), 1, "span");
measure("record", "sampled out, 5 attributes", () => attributes(off), 1, "span");
