// SPDX-License-Identifier: MIT OR Apache-2.0
// Grafana Faro with tracing, as its quick start has it, and every resource as the others have it.
import { getWebInstrumentations, initializeFaro } from "@grafana/faro-web-sdk";
import { TracingInstrumentation } from "@grafana/faro-web-tracing";

initializeFaro({
  url: `${location.origin}/faro/collect`,
  app: { name: "shop", version: "1.0.0" },
  trackResources: true,
  instrumentations: [...getWebInstrumentations(), new TracingInstrumentation()],
});
