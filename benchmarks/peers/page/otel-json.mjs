// SPDX-License-Identifier: MIT OR Apache-2.0
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { start } from "./otel.mjs";

start(OTLPTraceExporter);
