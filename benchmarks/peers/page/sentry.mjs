// SPDX-License-Identifier: MIT OR Apache-2.0
// Sentry with browser tracing, every page view sampled.
import * as Sentry from "@sentry/browser";

Sentry.init({
  dsn: `${location.protocol}//key@${location.host}/1`,
  integrations: [Sentry.browserTracingIntegration()],
  tracesSampleRate: 1.0,
});
window.flushPeer = () => Sentry.flush(2000);
