// SPDX-License-Identifier: MIT OR Apache-2.0
// OpenTelemetry JS on a page as its README has it: document-load, one batch processor, an OTLP exporter.
import { DocumentLoadInstrumentation } from "@opentelemetry/instrumentation-document-load";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

export const start = (OTLPTraceExporter) => {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "shop" }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: "/v1/traces" }) })],
  });
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [new DocumentLoadInstrumentation()],
  });
  window.flushPeer = () => provider.forceFlush();
};
