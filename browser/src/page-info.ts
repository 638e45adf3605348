// SPDX-License-Identifier: MIT OR Apache-2.0
// The facts of a view that only its page knows; the runtime adds those of the browser.
import type { PageFacts } from "./protocol";

export const pageFacts = (): PageFacts => ({
  url: location.href,
  referrer: document.referrer,
  traceparent: document.querySelector<HTMLMetaElement>("meta[name=traceparent]")?.content,
  visibility: document.visibilityState,
});
