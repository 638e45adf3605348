// SPDX-License-Identifier: MIT OR Apache-2.0
// otel-cf-workers around a Worker that hands each request on, exporting to the origin's collector.
import { instrument } from "@microlabs/otel-cf-workers";

const handler = {
  fetch(request, env) {
    const url = new URL(request.url);
    return fetch(env.ORIGIN + url.pathname + url.search, request);
  },
};

export default instrument(handler, (env) => ({
  exporter: { url: `${env.ORIGIN}/v1/traces`, headers: {} },
  service: { name: "shop" },
}));
