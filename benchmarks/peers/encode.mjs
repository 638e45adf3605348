// SPDX-License-Identifier: MIT OR Apache-2.0
// OpenTelemetry JS's serializers at the workloads of benchmarks/workloads.py, which Python has dumped.
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import workloads from "workloads"; // {W1: [{traceId, ..., start: "ns", attributes, events: [[name, "ns"]]}]}
import { gzipped, measure, round } from "./measure.mjs";

const resource = resourceFromAttributes({ "service.name": "shop" });
const instrumentationScope = { name: "edgetrace", version: "0.1.0" };
const time = (ns) => [Number(ns.slice(0, -9)), Number(ns.slice(-9))];

const readable = (span) => ({
  name: span.name,
  kind: 0,
  spanContext: () => span.context,
  parentSpanContext: span.parent,
  startTime: time(span.start),
  endTime: time(span.end),
  duration: [0, 0],
  ended: true,
  status: { code: 0 },
  attributes: span.attributes,
  links: [],
  events: span.events.map(([name, at]) => ({ name, time: time(at), attributes: {} })),
  resource,
  instrumentationScope,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
});

for (const [workload, plain] of Object.entries(workloads)) {
  const spans = plain.map((span) => readable({
    ...span,
    context: { traceId: span.traceId, spanId: span.spanId, traceFlags: 1 },
    parent: { traceId: span.traceId, spanId: span.parentId, traceFlags: 1 },
  }));
  for (const [kind, serializer] of [["protobuf", ProtobufTraceSerializer], ["json", JsonTraceSerializer]]) {
    const body = serializer.serializeRequest(spans);
    measure("encode", `${workload} ${kind}`, () => serializer.serializeRequest(spans), spans.length, "span", {
      bytes_per_span: round(body.byteLength / spans.length),
      gzip_bytes_per_span: round((await gzipped(body)) / spans.length),
    });
  }
}
