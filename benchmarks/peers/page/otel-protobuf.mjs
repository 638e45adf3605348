// SPDX-License-Identifier: MIT OR Apache-2.0
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { start } from "./otel.mjs";

start(OTLPTraceExporter);
